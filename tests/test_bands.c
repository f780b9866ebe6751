/*
 * Restart points: a file of bands is read by them, and one that only claims to be such a file never gives
 * other pixels than libpng gives, whichever way it is read.
 */
#include <config.h>

#include "png_maker.h"
#include "two_readings.h"

#include <telar/telar.h>

enum { COLUMNS = 500, ROWS = 600, ROW = COLUMNS * 3 + 1, BANDS_MAX = 8, STREAM_MAX = 240000 };

static struct maker made;
static unsigned char rows[ROWS * ROW];
static uint32_t band_rows;

/* The parts of a file, to be changed before it is put together. */
struct parts {
    unsigned char stream[STREAM_MAX]; /* zlib's head, then the bands */
    size_t end[BANDS_MAX];            /* where in it each band ends */
    uint32_t n_bands;
    unsigned char tail[64]; /* the last IDAT */
    size_t tail_bytes;
    unsigned char restart[32]; /* the chunk teLR */
    size_t restart_bytes;
};

static struct parts parts;

/* Rows of two colours; the first of each band has filter Sub, the others any. */
static void fill_rows(void)
{
    uint32_t seed = 3;

    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (unsigned char)(i % ROW ? next_random(&seed) >> 5 & 1 : next_random(&seed) % 5);
    for (size_t r = 0; r < ROWS; r += band_rows)
        rows[r * ROW] = 1;
}

static void put_adler(void)
{
    put_u32(parts.tail + parts.tail_bytes - 4, (uint32_t)adler32(1, rows, sizeof rows));
}

/* The bands by zlib, with the flush given behind each, which tells whether it can be read alone. Band i ends
 * at row cuts[i]. */
static void make_bands(const uint32_t *cuts, uint32_t n_bands, int flush)
{
    z_stream z = {.next_in = rows, .next_out = parts.stream, .avail_out = STREAM_MAX};

    ck_assert_int_eq(deflateInit(&z, 6), Z_OK);
    parts.n_bands = n_bands;
    for (uint32_t i = 0; i < n_bands; i++) {
        z.avail_in = (uInt)(rows + (size_t)cuts[i] * ROW - z.next_in);
        ck_assert_int_eq(deflate(&z, flush), Z_OK);
        ck_assert_uint_eq(z.avail_in, 0);
        parts.end[i] = z.total_out;
    }
    if (flush == Z_FULL_FLUSH || flush == Z_SYNC_FLUSH) {
        parts.tail_bytes = 6;
        memcpy(parts.tail, "\3\0", 2);
        put_adler();
    } else { /* whatever zlib makes of its end; its last bytes are the tail */
        ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
        parts.tail_bytes = 6;
        parts.end[n_bands - 1] = z.total_out - 6;
        memcpy(parts.tail, parts.stream + z.total_out - 6, 6);
    }
    deflateEnd(&z);
}

static void make_parts(int flush)
{
    uint32_t cuts[BANDS_MAX], n = (ROWS + band_rows - 1) / band_rows;

    ck_assert_uint_le(n, BANDS_MAX);
    ck_assert_uint_gt(n, 2);
    for (uint32_t i = 0; i < n; i++)
        cuts[i] = i + 1 < n ? (i + 1) * band_rows : ROWS;
    make_bands(cuts, n, flush);
    memset(parts.restart, 0, sizeof parts.restart);
    parts.restart[0] = 1;
    put_u32(parts.restart + 4, band_rows);
    put_u32(parts.restart + 8, n);
    parts.restart_bytes = 12;
}

static void put_bands(void)
{
    for (uint32_t i = 0; i < parts.n_bands; i++) {
        size_t begin = i > 0 ? parts.end[i - 1] : 0;

        maker_chunk(&made, "IDAT", parts.stream + begin, parts.end[i] - begin);
    }
}

static void begin_file(void)
{
    maker_begin(&made, COLUMNS, ROWS, 8, 2, 0);
    maker_chunk(&made, "teLR", parts.restart, parts.restart_bytes);
}

static void put_together(void)
{
    begin_file();
    put_bands();
    maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
    maker_chunk(&made, "tEXt", "Title\0bands", 11);
    maker_chunk(&made, "IEND", NULL, 0);
}

/* As a user sees it: telar run on two workers, and the picture that libpng sees. */
static void check_run(const char *what)
{
    const struct telar_options options = {.engine = TELAR_THREADS, .workers = 2};
    telar_pipeline *none = telar_pipeline_new();
    telar_image *libpng = NULL, *out = NULL;
    struct telar_error error;
    char name[32], written[] = "telar-bands-XXXXXX";
    int fd, to = mkstemp(written);
    telar_status read, run;

    ck_assert_int_ge(to, 0);
    close(to);
    memory_file(made.bytes, made.n, &fd, name);
    read = telar_image_read(name, NULL, &libpng, NULL);
    run = telar_run_file(name, written, none, &options, NULL, &error);
    ck_assert_msg(run == read, "%s: telar run says %d (%s), libpng %d", what, run, error.text, read);
    if (read == TELAR_OK) {
        ck_assert_int_eq(telar_image_read(written, NULL, &out, NULL), TELAR_OK);
        for (uint32_t r = 0; r < ROWS; r++)
            if (memcmp(telar_image_row(out, r), telar_image_row(libpng, r), ROW - 1) != 0)
                ck_abort_msg("%s: telar run gives other pixels in row %u", what, r);
    }
    telar_image_free(libpng);
    telar_image_free(out);
    telar_pipeline_free(none);
    unlink(written);
    close(fd);
}

/* What must become of the file at hand. Whatever it is, no two ways differ. */
static void expect(const char *what, bool restarted, bool valid)
{
    struct two_readings two = read_twice(made.bytes, made.n, 100);

    ck_assert_msg(!two.differ, "%s: %s", what, two.differ);
    ck_assert_msg(two.restarted == restarted, "%s: by restart points it is %s", what,
                  two.restarted ? "taken" : "refused");
    ck_assert_msg(two.libpng == valid, "%s: libpng has %s it", what, two.libpng ? "taken" : "refused");
    check_run(what);
}

static void setup(void)
{
    const struct telar_geometry g = {ROWS, COLUMNS, 3, 8};

    band_rows = tl_encode_band_rows(&g); /* otherwise telar run would not look */
    fill_rows();
}

START_TEST(a_file_of_bands_is_read_by_them)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("in order", true, true);
    fill_rows();
    rows[band_rows * ROW] = 0;
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("filter None", true, true);
}
END_TEST

START_TEST(bands_that_need_what_is_above_are_not)
{
    for (unsigned filter = 2; filter < 5; filter++) {
        setup();
        rows[band_rows * ROW] = (unsigned char)filter;
        make_parts(Z_FULL_FLUSH);
        put_together();
        expect("a first filter that looks up", false, true);
    }
    setup();
    rows[band_rows * ROW] = 5;
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("a filter that is none", false, false);
    setup();
    memcpy(rows + band_rows * ROW, rows, (size_t)ROW * 20); /* worth a match, 32 KiB or less away */
    memcpy(rows + band_rows * ROW - 20 * ROW, rows, (size_t)ROW * 20);
    make_parts(Z_SYNC_FLUSH);
    put_together();
    expect("matches that reach out of a band", false, true);
}
END_TEST

START_TEST(boundaries_elsewhere)
{
    static const int by[] = {-40000, -5, -4, -1, 1, 4, 1000};
    uint32_t cuts[BANDS_MAX];

    setup();
    for (size_t i = 0; i < sizeof by / sizeof *by; i++) /* chunks cut at other places of the same stream */
        for (uint32_t band = 0; band < 2; band++) {
            size_t before;

            make_parts(Z_FULL_FLUSH);
            before = band > 0 ? parts.end[band - 1] : 0;
            parts.end[band] = (size_t)((int64_t)parts.end[band] + by[i]);
            if (parts.end[band] < before || parts.end[band] > parts.end[band + 1])
                continue;
            put_together();
            if (by[i]
                == -5) /* perhaps just before the empty block: then it is a boundary as good as the other */
                ck_assert_ptr_null(read_twice(made.bytes, made.n, 100).differ);
            else
                expect("a chunk's end moved", false, true);
        }
    for (int more = -1; more <= 1; more += 2) { /* bands of other rows, each in order */
        make_parts(Z_FULL_FLUSH);
        for (uint32_t i = 0; i < parts.n_bands; i++)
            cuts[i] = i + 1 < parts.n_bands ? (i + 1) * band_rows : ROWS;
        cuts[0] = (uint32_t)((int)cuts[0] + more);
        for (uint32_t i = 0; i + 1 < parts.n_bands; i++)
            rows[cuts[i] * ROW] = 1;
        make_bands(cuts, parts.n_bands, Z_FULL_FLUSH);
        put_together();
        expect("bands of other rows", false, true);
    }
}
END_TEST

START_TEST(blocks_that_go_on)
{
    setup();
    make_parts(Z_BLOCK); /* ends at a block's end, but not at a byte's: the bits go on in the next chunk */
    put_together();
    expect("pending bits", false, true);
    make_parts(Z_PARTIAL_FLUSH);
    put_together();
    expect("pending bits behind an empty block", false, true);
    make_parts(Z_NO_FLUSH);
    for (uint32_t i = 0; i + 1 < parts.n_bands; i++) /* in the middle of blocks */
        parts.end[i] = parts.end[parts.n_bands - 1] * (i + 1) / parts.n_bands;
    put_together();
    expect("within a block", false, true);
}
END_TEST

START_TEST(a_last_block_before_the_end)
{
    setup();
    for (uint32_t band = 0; band < 3; band++) {
        unsigned char *mark;

        make_parts(Z_FULL_FLUSH);
        mark = parts.stream + parts.end[band]
               - 5; /* the empty stored block: its first byte holds its type alone */
        ck_assert(memcmp(mark + 1, "\0\0\xff\xff", 4) == 0);
        if (*mark != 0)
            continue; /* it begins in the byte before */
        *mark = 1;
        put_together();
        expect("a final block", false, false);
    }
    for (uint32_t band = 0; band < 3; band++) { /* the same, but certain: a final block of its own, put in */
        size_t end;

        make_parts(Z_FULL_FLUSH);
        end = parts.end[band];
        memmove(parts.stream + end + 5, parts.stream + end, parts.end[parts.n_bands - 1] - end);
        memcpy(parts.stream + end, "\1\0\0\xff\xff", 5);
        for (uint32_t i = band; i < parts.n_bands; i++)
            parts.end[i] += 5;
        put_together();
        expect("a final block more", false, false);
    }
}
END_TEST

START_TEST(swapped_bands)
{
    static unsigned char copy[STREAM_MAX];
    size_t a, b, n;

    setup();
    make_parts(Z_FULL_FLUSH);
    ck_assert_uint_ge(ROWS, 2 * band_rows);
    memcpy(copy, parts.stream, sizeof copy);
    a = parts.end[0] - 2; /* of the first, without zlib's head */
    b = parts.end[1] - parts.end[0];
    n = 2;
    memcpy(parts.stream + n, copy + 2 + a, b);
    memcpy(parts.stream + n + b, copy + 2, a);
    parts.end[0] = 2 + b;
    put_together();
    expect("swapped, with the old checksum", false, false);
    for (size_t i = 0; i < (size_t)band_rows * ROW; i++) {
        unsigned char c = rows[i];

        rows[i] = rows[i + band_rows * ROW];
        rows[i + band_rows * ROW] = c;
    }
    put_adler();
    put_together();
    expect("swapped, with its checksum: another picture", true, true);
}
END_TEST

START_TEST(claims_that_are_not_so)
{
    static const struct {
        size_t at;
        uint32_t value;
    } lies[] = {{0, 0},          {0, 0x02000000}, {0, 0x01000001}, {4, 0}, {4, 1},
                {4, 0x7fffffff}, {4, 0xffffffff}, {8, 0},          {8, 1}, {8, 2},
                {8, 99},         {8, 0xffffffff}, {8, 0x80000000}};

    setup();
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        make_parts(Z_FULL_FLUSH);
        put_u32(parts.restart + lies[i].at, lies[i].value);
        put_together();
        expect("a lie", false, true);
    }
    for (size_t n = 0; n < 20; n += 3) {
        make_parts(Z_FULL_FLUSH);
        parts.restart_bytes = n;
        put_together();
        expect("a claim of another length", n == 12, true);
    }
    for (int more = -1; more <= 1; more++) { /* both numbers agree, and are those of another band size */
        make_parts(Z_FULL_FLUSH);
        put_u32(parts.restart + 4, band_rows + (uint32_t)more);
        put_u32(parts.restart + 8, (ROWS + band_rows + (uint32_t)more - 1) / (band_rows + (uint32_t)more));
        put_together();
        expect("other numbers that agree", more == 0, true);
    }
    make_parts(Z_FULL_FLUSH); /* a second claim */
    maker_begin(&made, COLUMNS, ROWS, 8, 2, 0);
    maker_chunk(&made, "teLR", parts.restart, parts.restart_bytes);
    maker_chunk(&made, "teLR", parts.restart, parts.restart_bytes);
    put_bands();
    maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
    check_run("a second claim");
}
END_TEST

START_TEST(chunks_between_the_bands)
{
    static const char *const names[] = {"IDAT", "tEXt", "teLR", "IEND"};

    setup();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (uint32_t after = 0; after < 3; after++) {
            make_parts(Z_FULL_FLUSH);
            begin_file();
            for (uint32_t band = 0; band < parts.n_bands; band++) {
                size_t begin = band > 0 ? parts.end[band - 1] : 0;

                maker_chunk(&made, "IDAT", parts.stream + begin, parts.end[band] - begin);
                if (band == after)
                    maker_chunk(&made, names[i], NULL, 0);
            }
            maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
            maker_chunk(&made, "IEND", NULL, 0);
            expect(names[i], false, i == 0); /* an empty IDAT is allowed */
        }
}
END_TEST

START_TEST(wrong_checksums)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    parts.tail[5] ^= 1;
    put_together();
    /* libpng does not see it: the checksum stands in a chunk of its own. */
    ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
    ck_assert(!read_twice(made.bytes, made.n, 50).restarted);
    check_run("the stream's checksum");
    make_parts(Z_FULL_FLUSH);
    put_together();
    for (size_t at = 8; at < made.n; at += 12 + get_u32(made.bytes + at)) {
        made.bytes[at + 8 + get_u32(made.bytes + at)] ^= 0x10;
        expect("the checksum of a chunk", false, false);
        made.bytes[at + 8 + get_u32(made.bytes + at)] ^= 0x10;
    }
}
END_TEST

START_TEST(ends_of_other_kinds)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool restarted;
    } ends[] = {{"\3\0", 2, true},
                {"\1\0\0\xff\xff", 5, false},
                {"\2\0\3\0", 4, false},
                {"\0\0\0\xff\xff\3\0", 7, false}};

    setup();
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        bool valid =
            i != 2; /* an empty block of fixed codes takes 10 bits: what follows it here is no block */

        make_parts(Z_FULL_FLUSH);
        memcpy(parts.tail, ends[i].bytes, ends[i].n);
        parts.tail_bytes = ends[i].n + 4;
        put_adler();
        put_together();
        if (valid)
            expect("another end", ends[i].restarted, true);
        else
            ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
        check_run("another end");
    }
    for (size_t empties = 1; empties < 3000;
         empties *= 3) { /* blocks without data at the end of the last band */
        make_parts(Z_FULL_FLUSH);
        for (size_t k = 0; k < empties; k++, parts.end[parts.n_bands - 1] += 5)
            memcpy(parts.stream + parts.end[parts.n_bands - 1], "\0\0\0\xff\xff", 5);
        put_together();
        ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
        check_run("empty blocks");
    }
}
END_TEST

START_TEST(heads_of_other_kinds)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    for (unsigned head = 0; head < 0x10000; head += head < 0x7800 || head > 0x7900 ? 0x333 : 1) {
        struct two_readings two;

        parts.stream[0] = (unsigned char)(head >> 8);
        parts.stream[1] = (unsigned char)head;
        put_together();
        two = read_twice(made.bytes, made.n, 100);
        ck_assert_msg(!two.differ, "%04x: %s", head, two.differ);
        ck_assert_msg(two.restarted == (head >> 8 == 0x78 && head % 31 == 0 && !(head & 0x20)), "%04x", head);
    }
}
END_TEST

START_TEST(damage_anywhere)
{
    static struct maker whole;
    uint32_t seed = 12;

    setup();
    make_parts(Z_FULL_FLUSH);
    put_together();
    whole = made;
    for (int round = 0; round < 500; round++) {
        size_t chunk = 8, target = next_random(&seed) % whole.n;
        struct two_readings two;

        if (round % 3 == 0) /* near the borders of chunks, where it matters most */
            target = 8 + next_random(&seed) % 60;
        made.bytes[target] ^= (unsigned char)(1u << next_random(&seed) % 8);
        while (chunk + 12 <= made.n && get_u32(made.bytes + chunk) <= made.n - chunk - 12) {
            uint32_t n = get_u32(made.bytes + chunk);

            put_u32(made.bytes + chunk + 8 + n, (uint32_t)crc32(0, made.bytes + chunk + 4, n + 4));
            chunk += 12 + (size_t)n;
        }
        two = read_twice(made.bytes, made.n, 100);
        ck_assert_msg(!two.differ, "byte %zu: %s", target, two.differ);
        memcpy(made.bytes, whole.bytes, whole.n);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_file_of_bands_is_read_by_them,
        bands_that_need_what_is_above_are_not,
        boundaries_elsewhere,
        blocks_that_go_on,
        a_last_block_before_the_end,
        swapped_bands,
        claims_that_are_not_so,
        chunks_between_the_bands,
        wrong_checksums,
        ends_of_other_kinds,
        heads_of_other_kinds,
        damage_anywhere,
        NULL,
    };

    return run_suite("bands", tests);
}
