/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/framing.h"

#include "base/bytes.h"
#include "flate/checksum.h"

#include <string.h>

const unsigned char tl_png_signature[TL_SIGNATURE_BYTES] = {137,  'P',  'N', 'G',
                                                            '\r', '\n', 26,  '\n'};

enum { SMALL = 0x20 }; /* the bit of a letter that makes it a small one */

uint32_t tl_chunk_length(const unsigned char *head)
{
    return tl_load_be32(head);
}

const unsigned char *tl_chunk_name(const unsigned char *head)
{
    return head + TL_CHUNK_HEAD_BYTES - TL_CHUNK_NAME_BYTES;
}

bool tl_chunk_is(const unsigned char *head, const char *name)
{
    return memcmp(tl_chunk_name(head), name, TL_CHUNK_NAME_BYTES) == 0;
}

bool tl_chunk_has_letters(const unsigned char *head)
{
    return tl_chunk_name_has_letters(tl_chunk_name(head));
}

bool tl_chunk_name_has_letters(const unsigned char *name)
{
    for (int i = 0; i < TL_CHUNK_NAME_BYTES; i++)
        if ((name[i] | SMALL) < 'a' || (name[i] | SMALL) > 'z')
            return false;
    return true;
}

bool tl_chunk_is_ancillary(const unsigned char *head)
{
    return tl_chunk_name(head)[0] & SMALL;
}

uint32_t tl_chunk_crc_of_name(const unsigned char *head)
{
    return tl_crc32(0, tl_chunk_name(head), TL_CHUNK_NAME_BYTES);
}

size_t tl_chunk_whole(const unsigned char *bytes, size_t n)
{
    const unsigned char *data = bytes + TL_CHUNK_HEAD_BYTES;
    size_t length;

    if (n < TL_CHUNK_FRAME_BYTES || tl_chunk_length(bytes) > n - TL_CHUNK_FRAME_BYTES)
        return 0;
    length = tl_chunk_length(bytes);
    return tl_crc32(tl_chunk_crc_of_name(bytes), data, length) == tl_load_be32(data + length)
               ? length + TL_CHUNK_FRAME_BYTES
               : 0;
}

unsigned char *tl_chunk_close(unsigned char *chunk, const char *name, size_t n)
{
    unsigned char *data = chunk + TL_CHUNK_HEAD_BYTES;

    tl_store_be32(chunk, (uint32_t)n);
    memcpy(chunk + TL_CHUNK_HEAD_BYTES - TL_CHUNK_NAME_BYTES, name, TL_CHUNK_NAME_BYTES);
    tl_store_be32(data + n, tl_crc32(tl_chunk_crc_of_name(chunk), data, n));
    return data + n + TL_CHUNK_CRC_BYTES;
}
