/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/faults.h"

#include "png/framing.h"

#include <stdio.h>
#include <string.h>

/* For each fault: the action of telar, and its reason. */
static const struct {
    const char *action, *text;
} faults_known[TL_FAULT_COUNT] = {
    [TL_FAULT_NONE] = {"", ""},
    [TL_FAULT_CRC] = {"is left out", "its CRC is wrong"},
    [TL_FAULT_LENGTH] = {"is left out", "its length is wrong"},
    [TL_FAULT_CONTENTS] = {"is left out", "its contents are not valid"},
    [TL_FAULT_TWICE] = {"is left out", "the file has another one before it"},
    [TL_FAULT_PLACE] = {"is left out", "it stands at a wrong place in the file"},
    [TL_FAULT_COLOR] = {"is left out", "a picture of this colour type must not have it"},
    [TL_FAULT_CRITICAL] = {"is left out", "it is unknown and stands behind the image data"},
    [TL_FAULT_COLORS] = {"is cut", "it has more colours than the bit depth can name"},
    [TL_FAULT_MORE_ROWS] = {"is cut", "it has more image data than the picture has rows"},
    [TL_FAULT_MORE_DATA] = {"is cut", "bytes follow the end of the image data"},
    [TL_FAULT_END_DATA] = {"is written empty", "it must have no data"},
    [TL_FAULT_LIMIT] = {"is left out",
                        "the kept chunks would be over the limit (max_chunks_bytes)"},
    [TL_FAULT_PROFILE] = {"is left out", "the profile in iCCP goes before it"},
    [TL_FAULT_FULL] = {"and others have faults", "the list of warnings is full"},
};

void tl_faults_add(struct tl_faults *faults, const unsigned char *chunk, enum tl_fault fault)
{
    if (faults->n == TELAR_WARNINGS_MAX)
        return;
    for (uint32_t i = 0; i < faults->n; i++)
        if (faults->note[i].fault == fault
            && memcmp(faults->note[i].chunk, chunk, TL_CHUNK_NAME_BYTES) == 0)
            return;
    if (faults->n == TELAR_WARNINGS_MAX - 1)
        fault = TL_FAULT_FULL;
    faults->note[faults->n].fault = (uint8_t)fault;
    memcpy(faults->note[faults->n].chunk, chunk, TL_CHUNK_NAME_BYTES);
    faults->n++;
}

bool tl_faults_valid(const struct tl_faults *faults)
{
    if (faults->n > TELAR_WARNINGS_MAX)
        return false;
    for (uint32_t i = 0; i < faults->n; i++) {
        const struct tl_fault_note *note = &faults->note[i];

        if (note->fault == TL_FAULT_NONE || note->fault >= TL_FAULT_COUNT
            || !tl_chunk_name_has_letters(note->chunk))
            return false;
    }
    return true;
}

const char *tl_fault_text(enum tl_fault fault)
{
    return faults_known[fault].text;
}

bool tl_fault_forbidden(enum tl_fault fault)
{
    return fault != TL_FAULT_LIMIT && fault != TL_FAULT_PROFILE;
}

void tl_faults_tell(const struct tl_faults *faults, struct telar_warnings *warnings)
{
    *warnings = (struct telar_warnings){.n = faults->n};
    for (uint32_t i = 0; i < faults->n; i++) {
        const struct tl_fault_note *note = &faults->note[i];
        struct telar_warning *warning = &warnings->warning[i];

        memcpy(warning->chunk, note->chunk, TL_CHUNK_NAME_BYTES);
        snprintf(warning->text, sizeof warning->text, "%.4s %s: %s", (const char *)note->chunk,
                 faults_known[note->fault].action, faults_known[note->fault].text);
    }
}
