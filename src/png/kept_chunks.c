/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/kept_chunks.h"

#include "base/bytes.h"
#include "base/status.h"
#include "flate/checksum.h"
#include "png/framing.h"

#include <stdlib.h>
#include <string.h>

struct tl_chunks *tl_chunks_copy(const struct tl_chunks *chunks, bool *ok)
{
    struct tl_chunks *copy = NULL;

    *ok = true;
    if (!chunks || chunks->used == 0)
        return NULL;
    copy = malloc(sizeof *copy);
    if (copy)
        *copy = (struct tl_chunks){malloc(chunks->used), chunks->used, chunks->used,
                                   chunks->before_idat};
    if (!copy || !copy->bytes) {
        free(copy);
        *ok = false;
        return NULL;
    }
    memcpy(copy->bytes, chunks->bytes, chunks->used);
    return copy;
}

void tl_chunks_free(struct tl_chunks *chunks)
{
    if (chunks)
        free(chunks->bytes);
    free(chunks);
}

/* Memory grows with the bytes that have come, not with what a length field claims. */
static bool append(struct tl_chunks *chunks, const unsigned char *bytes, size_t n)
{
    if (n > chunks->capacity - chunks->used) {
        size_t capacity = 2 * (chunks->used + n);
        unsigned char *grown = realloc(chunks->bytes, capacity);

        if (!grown)
            return false;
        chunks->bytes = grown;
        chunks->capacity = capacity;
    }
    memcpy(chunks->bytes + chunks->used, bytes, n);
    chunks->used += n;
    return true;
}

/* Adds a name to a list "IHDR gAMA IDAT", unless the list has it already or is full. */
static void note(char list[TELAR_CHUNK_NAMES_BYTES], const unsigned char *name)
{
    size_t used = strlen(list);

    for (size_t at = 0; at < used; at += TL_CHUNK_NAME_BYTES + 1)
        if (memcmp(list + at, name, TL_CHUNK_NAME_BYTES) == 0)
            return;
    if (used + 1 + TL_CHUNK_NAME_BYTES >= TELAR_CHUNK_NAMES_BYTES)
        return;
    if (used > 0)
        list[used++] = ' ';
    memcpy(list + used, name, TL_CHUNK_NAME_BYTES);
    list[used + TL_CHUNK_NAME_BYTES] = '\0';
}

/* ---- the verdict on a chunk ---- */

static telar_status refuse(const struct tl_chunk_scan *scan, const char *why,
                           struct telar_error *error)
{
    return tl_fail(error, TELAR_INPUT, 0,
                   "%s: is damaged or not a valid PNG: %.4s: %s; get an undamaged copy", scan->name,
                   (const char *)tl_chunk_name(scan->head), why);
}

telar_status tl_chunk_scan_fault(struct tl_chunk_scan *scan, const char *name, enum tl_fault fault,
                                 struct telar_error *error)
{
    if (scan->strict && tl_fault_forbidden(fault))
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: is not a valid PNG: %.4s: %s; without strict telar reads it",
                       scan->name, name, tl_fault_text(fault));
    tl_faults_add(&scan->faults, (const unsigned char *)name, fault);
    return TELAR_OK;
}

/* Returns the chunk that has ended. Its data is complete if it is kept, else begins in `first`. */
static struct tl_chunk ended_chunk(const struct tl_chunk_scan *scan)
{
    const uint32_t length = tl_chunk_length(scan->head);

    if (scan->keeping)
        return (struct tl_chunk){tl_chunk_name(scan->head),
                                 scan->kept.bytes + scan->kept_before + TL_CHUNK_HEAD_BYTES, length,
                                 length};
    return (struct tl_chunk){tl_chunk_name(scan->head), scan->first, scan->first_bytes, length};
}

/* Takes teLR, which telar writes anew, so it is neither kept nor dropped. Returns false for another
 * chunk, and for one that is no use. */
static bool take_telr(struct tl_chunk_scan *scan)
{
    if (!tl_chunk_is(scan->head, "teLR") || scan->picture.idat_seen || scan->telr_bytes > 0
        || tl_chunk_length(scan->head) != sizeof scan->telr)
        return false;
    memcpy(scan->telr, scan->first, sizeof scan->telr);
    scan->telr_bytes = sizeof scan->telr;
    return true;
}

/* Returns where a kept chunk of this name begins, or the end. */
static size_t find_kept(const struct tl_chunks *kept, const char *name)
{
    size_t at = 0;

    while (at < kept->used && !tl_chunk_is(kept->bytes + at, name))
        at += TL_CHUNK_FRAME_BYTES + tl_chunk_length(kept->bytes + at);
    return at;
}

/* Leaves out sRGB beside a profile, which goes before it (PNG specification, 4.3). pngcheck refuses
 * a file with both. */
static telar_status leave_out_srgb(struct tl_chunk_scan *scan, struct telar_error *error)
{
    struct tl_chunks *kept = &scan->kept;
    const size_t at = find_kept(kept, "sRGB"), n = TL_CHUNK_FRAME_BYTES + 1;

    if (at == kept->used || find_kept(kept, "iCCP") == kept->used)
        return TELAR_OK;
    memmove(kept->bytes + at, kept->bytes + at + n, kept->used - at - n);
    kept->used -= n;
    note(scan->dropped, (const unsigned char *)"sRGB");
    return tl_chunk_scan_fault(scan, "sRGB", TL_FAULT_PROFILE, error);
}

/* Judges an ancillary chunk. Undoes the keeping of a faulty one, and of sRGB beside a profile. */
static telar_status end_ancillary(struct tl_chunk_scan *scan, bool intact,
                                  struct telar_error *error)
{
    const struct tl_chunk chunk = ended_chunk(scan);
    const enum tl_fault fault = !intact            ? TL_FAULT_CRC
                                : scan->over_limit ? TL_FAULT_LIMIT
                                                   : tl_chunk_rules_judge(&scan->picture, &chunk);
    const bool used = tl_chunk_is(scan->head, "tRNS") || (intact && take_telr(scan));

    if (fault != TL_FAULT_NONE && scan->keeping)
        scan->kept.used = scan->kept_before;
    if (fault != TL_FAULT_NONE || (!scan->keeping && !used))
        note(scan->dropped, chunk.name);
    if (fault != TL_FAULT_NONE)
        return tl_chunk_scan_fault(scan, (const char *)chunk.name, fault, error);
    return tl_chunk_is(scan->head, "iCCP") || tl_chunk_is(scan->head, "sRGB")
               ? leave_out_srgb(scan, error)
               : TELAR_OK;
}

static telar_status end_palette(struct tl_chunk_scan *scan, struct telar_error *error)
{
    const struct tl_chunk chunk = ended_chunk(scan);
    const enum tl_fault fault = tl_chunk_rules_palette(&scan->picture, &chunk);

    if (tl_picture_color_type(&scan->picture) == TL_COLOR_PALETTE
        && (fault == TL_FAULT_TWICE || fault == TL_FAULT_LENGTH))
        return refuse(scan, tl_fault_text(fault), error);
    return fault == TL_FAULT_NONE ? TELAR_OK : tl_chunk_scan_fault(scan, "PLTE", fault, error);
}

static telar_status end_header(struct tl_chunk_scan *scan, struct telar_error *error)
{
    memcpy(scan->picture.ihdr, scan->first, sizeof scan->picture.ihdr);
    return tl_chunk_rules_header(scan->picture.ihdr)
               ? TELAR_OK
               : refuse(scan, "its values describe no picture", error);
}

/* Judges a critical chunk, whose CRC must be right. */
static telar_status end_critical(struct tl_chunk_scan *scan, bool intact, struct telar_error *error)
{
    const char *name = (const char *)tl_chunk_name(scan->head);
    enum tl_fault fault = TL_FAULT_CRITICAL;

    if (!intact)
        return refuse(scan, "CRC error", error);
    if (tl_chunk_is(scan->head, "IHDR"))
        return end_header(scan, error);
    if (tl_chunk_is(scan->head, "PLTE"))
        return end_palette(scan, error);
    if (tl_chunk_is(scan->head, "IDAT"))
        fault = TL_FAULT_MORE_DATA;
    if (tl_chunk_is(scan->head, "IEND"))
        fault = tl_chunk_length(scan->head) > 0 ? TL_FAULT_END_DATA : TL_FAULT_NONE;
    return fault == TL_FAULT_NONE ? TELAR_OK : tl_chunk_scan_fault(scan, name, fault, error);
}

/* All bytes of a chunk have come. */
static telar_status end_chunk(struct tl_chunk_scan *scan, struct telar_error *error)
{
    const bool intact = scan->crc == tl_load_be32(scan->stored_crc);
    const telar_status status = tl_chunk_is_ancillary(scan->head)
                                    ? end_ancillary(scan, intact, error)
                                    : end_critical(scan, intact, error);

    scan->head_bytes = 0;
    if (!scan->picture.idat_seen)
        scan->kept.before_idat = scan->kept.used;
    return status;
}

/* ---- the walk ---- */

/* Refuses a chunk whose head makes the file unreadable. */
static telar_status check_head(struct tl_chunk_scan *scan, struct telar_error *error)
{
    const unsigned char *head = scan->head;
    const bool header = tl_chunk_is(head, "IHDR");

    if (!tl_chunk_has_letters(head))
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: is damaged or not a valid PNG: the name of a chunk is not of letters; "
                       "get an undamaged copy",
                       scan->name);
    if (scan->n_chunks == 1 && !header)
        return refuse(scan, "IHDR is not its first chunk", error);
    if (tl_chunk_length(head) > TL_CHUNK_DATA_MAX)
        return refuse(scan, "its length is impossible", error);
    if (header && (scan->n_chunks > 1 || tl_chunk_length(head) != TL_IHDR_BYTES))
        return refuse(scan, "is not the one header of the file", error);
    if (tl_chunk_is_ancillary(head) || scan->picture.idat_seen || header
        || tl_chunk_is(head, "PLTE"))
        return TELAR_OK;
    if (!tl_chunk_is(head, "IDAT"))
        return refuse(scan,
                      tl_chunk_is(head, "IEND") ? "no image data stands before it"
                                                : "unknown critical chunk",
                      error);
    return tl_picture_color_type(&scan->picture) == TL_COLOR_PALETTE
                   && scan->picture.palette_bytes == 0
               ? refuse(scan, "no palette (PLTE) stands before it", error)
               : TELAR_OK;
}

/* The head of a chunk is complete: begins to keep it if its kind is kept. */
static telar_status begin_chunk(struct tl_chunk_scan *scan, struct telar_error *error)
{
    const unsigned char *head = scan->head;
    telar_status status;

    scan->left_bytes = (uint64_t)tl_chunk_length(head) + TL_CHUNK_CRC_BYTES;
    scan->crc = tl_chunk_crc_of_name(head);
    scan->first_bytes = 0;
    scan->n_chunks++;
    scan->keeping = scan->over_limit = false;
    status = check_head(scan, error);
    note(scan->names, tl_chunk_name(head));
    scan->picture.idat_seen |= tl_chunk_is(head, "IDAT");
    if (status != TELAR_OK || !tl_chunk_rules_keep(tl_chunk_name(head)))
        return status;
    scan->kept_before = scan->kept.used;
    scan->over_limit =
        TL_CHUNK_HEAD_BYTES + scan->left_bytes > scan->limit_bytes
        || scan->kept.used > scan->limit_bytes - (TL_CHUNK_HEAD_BYTES + scan->left_bytes);
    scan->keeping = !scan->over_limit;
    return !scan->keeping || append(&scan->kept, head, TL_CHUNK_HEAD_BYTES)
               ? TELAR_OK
               : tl_fail(error, TELAR_HOST, 0, "%s: no memory for its chunks", scan->name);
}

/* Takes n bytes of the data of the chunk at hand, none of its CRC. */
static void take_data(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n)
{
    const size_t room = sizeof scan->first - scan->first_bytes;

    scan->crc = tl_crc32(scan->crc, bytes, n);
    memcpy(scan->first + scan->first_bytes, bytes, n < room ? n : room);
    scan->first_bytes += n < room ? n : room;
}

/* Takes bytes of data and CRC of the chunk at hand. */
static telar_status take_body(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n,
                              struct telar_error *error)
{
    const uint64_t data_bytes =
        scan->left_bytes > TL_CHUNK_CRC_BYTES ? scan->left_bytes - TL_CHUNK_CRC_BYTES : 0;
    const size_t data = n < data_bytes ? n : (size_t)data_bytes;

    take_data(scan, bytes, data);
    for (size_t i = data; i < n; i++)
        scan->stored_crc[TL_CHUNK_CRC_BYTES - (scan->left_bytes - i)] = bytes[i];
    if (scan->keeping && !append(&scan->kept, bytes, n))
        return tl_fail(error, TELAR_HOST, 0, "%s: no memory for its chunks", scan->name);
    scan->left_bytes -= n;
    return scan->left_bytes == 0 ? end_chunk(scan, error) : TELAR_OK;
}

telar_status tl_chunk_scan_bytes(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n,
                                 struct telar_error *error)
{
    telar_status status = TELAR_OK;

    while (n > 0 && status == TELAR_OK) {
        bool in_head = scan->head_bytes < TL_CHUNK_HEAD_BYTES;
        uint64_t lacking = in_head ? TL_CHUNK_HEAD_BYTES - scan->head_bytes : scan->left_bytes;
        size_t part = lacking < n ? (size_t)lacking : n;

        if (in_head) {
            memcpy(scan->head + scan->head_bytes, bytes, part);
            scan->head_bytes += part;
            if (scan->head_bytes == TL_CHUNK_HEAD_BYTES)
                status = begin_chunk(scan, error);
        } else {
            status = take_body(scan, bytes, part, error);
        }
        bytes += part;
        n -= part;
    }
    return status;
}

void tl_chunk_scan_pass_image(struct tl_chunk_scan *scan)
{
    scan->head_bytes = 0;
    scan->left_bytes = 0;
}

void tl_chunk_scan_end(struct tl_chunk_scan *scan)
{
    free(scan->kept.bytes);
    scan->kept = (struct tl_chunks){0};
}
