/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/kept_chunks.h"

#include "base/status.h"
#include "png/framing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The kinds that are kept. `once`: a file may hold one (a second is dropped). `before`: must stand
 * before the image data (one after it is dropped, for it would make the written file invalid). PNG
 * specification, table 5.3.
 */
static const struct {
    char name[TL_CHUNK_NAME_BYTES + 1];
    bool once, before;
} kinds[] = {
    {"gAMA", true, true},   {"cHRM", true, true},   {"sRGB", true, true},
    {"iCCP", true, true},   {"pHYs", true, true},   {"eXIf", true, false},
    {"tEXt", false, false}, {"zTXt", false, false}, {"iTXt", false, false},
};

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

static bool wanted(struct tl_chunk_scan *scan, const unsigned char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint32_t bit = UINT32_C(1) << i;

        if (memcmp(kinds[i].name, name, TL_CHUNK_NAME_BYTES) != 0)
            continue;
        if ((kinds[i].once && scan->kinds_seen & bit) || (kinds[i].before && scan->idat_seen))
            return false;
        scan->kinds_seen |= bit;
        return true;
    }
    return false;
}

/* Returns whether the chunk is teLR, which telar writes anew, so it is neither kept nor dropped. */
static bool is_restart(const struct tl_chunk_scan *scan)
{
    return tl_chunk_is(scan->head, "teLR") && !scan->idat_seen && scan->restart_used == 0
           && scan->left_bytes == sizeof scan->restart + TL_CHUNK_CRC_BYTES;
}

/* Returns whether the chunk is tRNS at a valid place: its transparency becomes alpha of the pixels.
 */
static bool becomes_alpha(const struct tl_chunk_scan *scan)
{
    return tl_chunk_is(scan->head, "tRNS") && !scan->idat_seen;
}

/* The head of a chunk is complete: decides what becomes of the chunk. */
static telar_status begin_chunk(struct tl_chunk_scan *scan, struct telar_error *error)
{
    const unsigned char *head = scan->head, *name = tl_chunk_name(head);

    scan->left_bytes = (uint64_t)tl_chunk_length(head) + TL_CHUNK_CRC_BYTES;
    scan->in_idat = tl_chunk_is(head, "IDAT");
    scan->idat_seen |= scan->in_idat;
    scan->n_chunks++;
    scan->keeping = wanted(scan, name);
    note(scan->names, name);
    scan->in_restart = is_restart(scan);
    if (tl_chunk_is_ancillary(head) && !scan->keeping && !scan->in_restart && !becomes_alpha(scan))
        note(scan->dropped, name);
    if (!scan->keeping)
        return TELAR_OK;
    if (scan->kept.used + TL_CHUNK_HEAD_BYTES + scan->left_bytes > scan->limit_bytes)
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: its texts, profiles and other chunks to keep take more than %" PRIu64
                       " bytes (at chunk %.4s); remove them or raise the limit",
                       scan->name, scan->limit_bytes, (const char *)name);
    return append(&scan->kept, head, TL_CHUNK_HEAD_BYTES)
               ? TELAR_OK
               : tl_fail(error, TELAR_HOST, 0, "%s: no memory for its chunks", scan->name);
}

/* Takes bytes of data and CRC of the chunk at hand. */
static telar_status take_body(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n,
                              struct telar_error *error)
{
    uint64_t data_bytes =
        scan->left_bytes > TL_CHUNK_CRC_BYTES ? scan->left_bytes - TL_CHUNK_CRC_BYTES : 0;

    if (scan->in_idat)
        scan->idat_bytes += n < data_bytes ? n : data_bytes;
    for (size_t i = 0; scan->in_restart && i < n && scan->restart_used < sizeof scan->restart; i++)
        scan->restart[scan->restart_used++] = bytes[i];
    if (scan->keeping && !append(&scan->kept, bytes, n))
        return tl_fail(error, TELAR_HOST, 0, "%s: no memory for its chunks", scan->name);
    scan->left_bytes -= n;
    if (scan->left_bytes == 0) {
        scan->head_bytes = 0;
        if (!scan->idat_seen)
            scan->kept.before_idat = scan->kept.used;
    }
    return TELAR_OK;
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

void tl_chunk_scan_end(struct tl_chunk_scan *scan)
{
    free(scan->kept.bytes);
    scan->kept = (struct tl_chunks){0};
}
