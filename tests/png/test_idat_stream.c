/* SPDX-License-Identifier: MIT */
/* Tests the reader in bands: of ordinary files it must accept exactly those whose pixels are
 * certain, as libpng's way does, and give the same pixels. */
#include <config.h>

#include "support/png_maker.h"
#include "support/seed.h"
#include "support/two_readings.h"

#include <dirent.h>
#include <sys/wait.h>
#include <telar/telar.h>

enum { ROWS_ROOM = 1 << 21 };

static struct maker made;
static unsigned char rows[ROWS_ROOM];

static void must_agree(const char *what, size_t detail)
{
    struct two_readings two = read_twice(made.bytes, made.n, 1 + (uint32_t)(detail % 7));

    if (two.differ)
        ck_abort_msg("%s, %zu: %s", what, detail, two.differ);
}

static void must_be_fast(const char *what, size_t detail)
{
    struct two_readings two = read_twice(made.bytes, made.n, 3 + (uint32_t)(detail % 400));

    if (two.differ)
        ck_abort_msg("%s, %zu: %s", what, detail, two.differ);
    if (!two.opened || !two.ordinary || !two.in_bands || !two.libpng)
        ck_abort_msg("%s, %zu: opened %d, ordinary %d, in bands %d, libpng %d", what, detail,
                     two.opened, two.ordinary, two.in_bands, two.libpng);
}

/* Fills rows with noise of a small range. Each row has a random filter. Returns the length with
 * filter bytes. */
static size_t fill_rows(uint32_t columns, uint32_t n_rows, size_t pixel_bytes, uint32_t seed)
{
    const size_t n = columns * pixel_bytes + 1;

    ck_assert_uint_le(n * n_rows, sizeof rows);
    for (size_t i = 0; i < n * n_rows; i++)
        rows[i] = (unsigned char)(i % n ? next_random(&seed) % 23 : next_random(&seed) % 5);
    return n * n_rows;
}

/* Puts the stream into IDAT chunks of `piece` bytes. */
static void put_idats(const unsigned char *stream, size_t n, size_t piece)
{
    for (size_t at = 0; at < n; at += piece)
        maker_chunk(&made, "IDAT", stream + at, piece < n - at ? piece : n - at);
}

static void make(uint32_t columns, uint32_t n_rows, int depth, int color_type, size_t piece)
{
    static unsigned char stream[MAKER_BYTES];
    static const unsigned char channels[] = {1, 0, 3, 0, 2, 0, 4};
    size_t n =
        fill_rows(columns, n_rows, channels[color_type] * (size_t)depth / 8, columns * 31 + n_rows);

    n = pack(stream, sizeof stream, rows, n);
    maker_begin(&made, columns, n_rows, depth, color_type, 0);
    maker_chunk(&made, "gAMA", "\0\1\2\3", 4);
    if (color_type & 2)
        maker_chunk(&made, "PLTE", "abcdef", 6);
    maker_chunk(&made, "prVt", "before", 6);
    put_idats(stream, n, piece);
    maker_chunk(&made, "tEXt", "Title\0a picture", 15);
    maker_chunk(&made, "prVt", "", 0);
    maker_chunk(&made, "IEND", NULL, 0);
}

START_TEST(ordinary_files_are_read_fast)
{
    static const uint32_t sizes[][2] = {{1, 1},   {1, 7},   {7, 1},   {2, 2},
                                        {13, 11}, {127, 5}, {5, 127}, {97, 101}};
    static const int types[] = {0, 2, 4, 6};
    static const size_t pieces[] = {1, 2, 3, 100, 8192, SIZE_MAX};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t t = 0; t < 4; t++)
            for (int depth = 8; depth <= 16; depth += 8)
                for (size_t p = sizes[s][0] > 20 ? 3 : 0; p < sizeof pieces / sizeof *pieces; p++) {
                    make(sizes[s][0], sizes[s][1], depth, types[t], pieces[p]);
                    must_be_fast("pieces of", pieces[p]);
                }
}
END_TEST

START_TEST(many_bands_are_read_fast)
{
    size_t n = fill_rows(1, 60000, 1, 4);

    maker_begin(&made, 1, 60000, 8, 0, 0);
    maker_idat(&made, rows, n);
    maker_chunk(&made, "IEND", NULL, 0);
    must_be_fast("rows of one byte", n);
    for (uint32_t n_rows = 1; n_rows < 4; n_rows++) {
        memset(rows, 0, sizeof rows);
        maker_begin(&made, 65000, n_rows, 16, 6, 0);
        maker_idat(&made, rows, n_rows * (65000 * 8 + 1));
        maker_chunk(&made, "IEND", NULL, 0);
        must_be_fast("rows longer than a band", n_rows);
    }
}
END_TEST

START_TEST(cut_short_anywhere)
{
    const size_t pieces[] = {1, 7, SIZE_MAX};

    for (size_t p = 0; p < 3; p++) {
        make(5, 4, 8, 2, pieces[p]);
        for (size_t whole = made.n; made.n > 0; made.n--) {
            struct two_readings two = read_twice(made.bytes, made.n, 4);

            must_agree("the first bytes", made.n);
            ck_assert_int_eq(two.libpng, made.n == whole);
        }
    }
}
END_TEST

/* Repairs the CRC of every chunk, so that later checks see the damage. */
static void repair(struct maker *m)
{
    for (size_t at = 8; at + 12 <= m->n;) {
        uint32_t n = get_u32(m->bytes + at);

        if (n > m->n - at - 12)
            break;
        put_u32(m->bytes + at + 8 + n, (uint32_t)crc32(0, m->bytes + at + 4, n + 4));
        at += 12 + (size_t)n;
    }
}

START_TEST(damaged_anywhere)
{
    static struct maker whole;
    uint32_t seed = 6;

    for (size_t piece = 9; piece < 1000; piece *= 10)
        for (int repaired = 0; repaired < 2; repaired++) {
            make(5, 4, 16, 6, piece);
            whole = made;
            for (size_t i = 8; i < whole.n; i++)
                for (int way = 0; way < 4; way++) {
                    made.bytes[i] ^= (unsigned char)(way < 3 ? 1u << next_random(&seed) % 8
                                                             : next_random(&seed) | 1);
                    if (repaired)
                        repair(&made);
                    must_agree(repaired ? "repaired, byte" : "byte", i);
                    memcpy(made.bytes, whole.bytes, whole.n);
                }
        }
}
END_TEST

/* ---- the end of the image data ---- */

/* Makes a stream of 5 x 4 RGB pixels. Behind the rows stand `empties` empty stored blocks. The
 * checksum is xored with `wrong`. */
static size_t make_stream(unsigned char *stream, size_t room, int empties, uint32_t wrong)
{
    size_t n = fill_rows(5, 4, 3, 77);
    z_stream z = {
        .next_in = rows, .avail_in = (uInt)n, .next_out = stream, .avail_out = (uInt)room};
    uint32_t adler = (uint32_t)adler32(1, rows, (uInt)n);
    size_t used;

    ck_assert_int_eq(deflateInit(&z, 6), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    used = z.total_out;
    deflateEnd(&z);
    for (int i = 0; i < empties; i++, used += 5)
        memcpy(stream + used, "\0\0\0\xff\xff", 5);
    memcpy(stream + used, "\x03\0", 2); /* an empty last block of fixed codes */
    put_u32(stream + used + 2, adler ^ wrong);
    return used + 6;
}

static void make_tail(const unsigned char *stream, size_t n, size_t cut, size_t piece)
{
    maker_begin(&made, 5, 4, 8, 2, 0);
    maker_chunk(&made, "IDAT", stream, cut);
    put_idats(stream + cut, n - cut, piece);
}

START_TEST(streams_cut_near_their_end)
{
    static unsigned char stream[70000];

    for (int empties = 0; empties < 30; empties = empties * 2 + 1)
        for (uint32_t wrong = 0; wrong < 2; wrong++) {
            size_t n = make_stream(stream, sizeof stream, empties, wrong);

            for (size_t cut = n - 20; cut <= n; cut++)
                for (size_t piece = 1; piece < 30; piece += 4) {
                    make_tail(stream, n, cut, piece);
                    maker_chunk(&made, "IEND", NULL, 0);
                    must_agree("cut", cut);
                    if (!wrong && empties < 8)
                        must_be_fast("valid stream", cut);
                }
        }
}
END_TEST

START_TEST(more_or_less_than_the_image)
{
    static unsigned char stream[70000];
    size_t n = make_stream(stream, sizeof stream, 0, 0);

    for (size_t less = 1; less <= n / 2; less++) { /* the stream stops early in valid chunks */
        make_tail(stream, n - less, n / 2, less % 2 ? SIZE_MAX : 3);
        maker_chunk(&made, "IEND", NULL, 0);
        must_agree("stops early by", less);
    }
    memset(stream + n, 0, 200);
    for (size_t more = 0; more < 100;
         more++) { /* bytes behind the stream: in its chunk, or in others */
        make_tail(stream, n + more, n + more, 1);
        maker_chunk(&made, "IEND", NULL, 0);
        must_agree("bytes behind the stream", more);
        make_tail(stream, n + more, n, 1 + more);
        maker_chunk(&made, "IEND", NULL, 0);
        must_agree("bytes behind the stream, in another chunk", more);
    }
    for (int more_rows = -2; more_rows < 3;
         more_rows++) { /* the header says 4 rows, the data differ */
        maker_begin(&made, 5, 4, 8, 2, 0);
        maker_idat(&made, rows, (size_t)((4 + more_rows) * 16));
        maker_chunk(&made, "IEND", NULL, 0);
        must_agree("rows", (size_t)(4 + more_rows));
    }
    for (int empties = 1; empties < 14000; empties *= 3) {
        make_tail(stream, make_stream(stream, sizeof stream, empties, 0), 40, 65536);
        maker_chunk(&made, "IEND", NULL, 0);
        must_agree("empty blocks", (size_t)empties);
    }
}
END_TEST

/* Runs from a pipe to a device. Neither can be read or written again, so telar cannot begin
 * anew. */
static telar_status run_once(struct telar_error *error)
{
    telar_pipeline *none = telar_pipeline_new();
    telar_status status;
    char name[32];
    int ends[2];
    pid_t writer;

    ck_assert_int_eq(pipe(ends), 0);
    writer = fork();
    if (writer == 0) {
        close(ends[0]);
        _exit(write(ends[1], made.bytes, made.n) != (ssize_t)made.n);
    }
    close(ends[1]);
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
    status =
        telar_run_file(name, "/dev/null", none, &(struct telar_options){.workers = 2}, NULL, error);
    close(ends[0]);
    waitpid(writer, NULL, 0);
    telar_pipeline_free(none);
    return status;
}

/* Streams with more than the rows, as literals or as a match, cut at every byte near their end.
 * Bytes that the inflater can still give without more input count as too much. Files of up to 1600
 * chunks take long, so one of STEP is read. */
START_TEST(more_than_the_image_and_cut_short)
{
    static unsigned char stream[MAKER_BYTES];
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED};
    enum { STEP = 11 };
    const size_t image = 32 * 49;
    size_t turn = 0;

    for (size_t s = 0; s < 3; s++)
        for (size_t more = 1; more < 400; more += more < 10 ? 1 : 97) {
            z_stream z = {.next_in = rows,
                          .avail_in = (uInt)(image + more),
                          .next_out = stream,
                          .avail_out = sizeof stream};
            size_t n;

            fill_rows(16, 32, 3, 5);
            memset(rows + image - 6, 0, more + 6); /* a match across the end of the rows */
            ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15, 8, strategies[s]), Z_OK);
            ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
            n = z.total_out;
            deflateEnd(&z);
            for (size_t cut = 0; cut < 24 && cut < n; cut++)
                for (size_t piece = 1; piece < 4; piece++) {
                    if (!chosen(turn++, STEP))
                        continue;
                    maker_begin(&made, 16, 32, 8, 2, 0);
                    put_idats(stream, n - cut, piece);
                    maker_chunk(&made, "IEND", NULL, 0);
                    must_agree("too much, and cut", cut);
                }
        }
}
END_TEST

START_TEST(input_that_is_read_once_is_judged_in_the_same_way)
{
    static unsigned char stream[70000];
    struct telar_error error = {.text = ""};
    size_t n = make_stream(stream, sizeof stream, 0, 0);

    memset(rows, 'x', 150000); /* a text longer than every buffer */
    make_tail(stream, n, n, SIZE_MAX);
    maker_chunk(&made, "tEXt", rows, 150000);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_msg(run_once(&error) == TELAR_OK, "%s", error.text);
    made.bytes[made.n - 20] ^= 1; /* a byte of the text: its CRC is now wrong */
    ck_assert_msg(run_once(&error) == TELAR_OK, "%s", error.text);
    made.bytes[made.n - 1] ^= 1; /* the CRC of IEND */
    ck_assert_int_eq(run_once(&error), TELAR_INPUT);
    for (size_t cut = n - 6; cut <= n;
         cut++) { /* the end is in a second chunk, or that chunk is empty */
        maker_begin(&made, 5, 4, 8, 2, 0);
        maker_chunk(&made, "IDAT", stream, cut);
        maker_chunk(&made, "IDAT", stream + cut, n - cut);
        maker_chunk(&made, "IEND", NULL, 0);
        ck_assert_msg(run_once(&error) == TELAR_OK, "%s", error.text);
    }
    n = make_stream(stream, sizeof stream, 1000, 0); /* many empty blocks in the last chunk */
    make_tail(stream, n, n, SIZE_MAX);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_msg(run_once(&error) == TELAR_OK, "%s", error.text);
}
END_TEST

START_TEST(chunks_in_wrong_places)
{
    static const char *const names[] = {"tEXt", "tRNS", "PLTE", "IHDR",  "IDAT",
                                        "IEND", "CrIT", "anc1", "ANcl",  "tIME",
                                        "gAMA", "bKGD", "teXt", "\0abc", "IDAt"};
    static unsigned char stream[1000];
    size_t n = make_stream(stream, sizeof stream, 0, 0);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t length = 0; length < 20; length += 6)
            for (int place = 0; place < 4; place++) {
                make_tail(stream, n, place == 0 ? n / 2 : n, SIZE_MAX);
                if (place == 0) { /* the chunk stands inside the image data */
                    make_tail(stream, n / 2, n / 2, SIZE_MAX);
                    maker_chunk(&made, names[i], rows, length);
                    maker_chunk(&made, "IDAT", stream + n / 2, n - n / 2);
                } else if (place == 1) {
                    maker_chunk(&made, names[i], rows, length);
                }
                if (place != 2)
                    maker_chunk(&made, "IEND", NULL, 0);
                if (place == 3)
                    maker_chunk(&made, names[i], rows, length);
                must_agree(names[i], length * 10 + (size_t)place);
            }
}
END_TEST

START_TEST(unknown_filters)
{
    for (unsigned filter = 0; filter < 256; filter += filter < 10 ? 1 : 41)
        for (size_t row = 0; row < 4; row++) {
            size_t n = fill_rows(5, 4, 3, 9);

            rows[row * 16] = (unsigned char)filter;
            maker_begin(&made, 5, 4, 8, 2, 0);
            maker_idat(&made, rows, n);
            maker_chunk(&made, "IEND", NULL, 0);
            must_agree("filter", filter);
        }
}
END_TEST

START_TEST(pngsuite_is_read_fast)
{
    const char *folder = getenv("TELAR_PNGSUITE");
    char path[700];
    DIR *dir;
    unsigned fast = 0;

    if (!folder) {
        printf("skip - pngsuite: TELAR_PNGSUITE does not name its folder\n");
        return;
    }
    dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s cannot be opened", folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct two_readings two;
        FILE *file;

        if (!strstr(entry->d_name, ".png"))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        file = fopen(path, "rb");
        ck_assert_ptr_nonnull(file);
        made.n = fread(made.bytes, 1, sizeof made.bytes, file);
        fclose(file);
        must_agree(entry->d_name, made.n);
        two = read_twice(made.bytes, made.n, 4);
        ck_assert_msg(!two.ordinary || two.libpng == (two.in_bands), "%s", entry->d_name);
        fast += two.in_bands;
    }
    closedir(dir);
    ck_assert_uint_gt(fast, 40);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        ordinary_files_are_read_fast,
        many_bands_are_read_fast,
        cut_short_anywhere,
        damaged_anywhere,
        streams_cut_near_their_end,
        more_or_less_than_the_image,
        more_than_the_image_and_cut_short,
        input_that_is_read_once_is_judged_in_the_same_way,
        chunks_in_wrong_places,
        unknown_filters,
        pngsuite_is_read_fast,
        NULL,
    };

    return run_suite("stream", tests);
}
