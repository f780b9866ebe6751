/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/random.h"

#include "base/host.h"

#include <sys/random.h>
#include <unistd.h>

uint64_t tl_random_number(void)
{
    uint64_t number;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) == (ssize_t)sizeof number)
        return number;
    /* An odd factor spreads the low bits of the clock over all 64 (multiplicative hashing). */
    return (tl_now_ns() ^ (uint64_t)getpid() << 32) * UINT64_C(0x9e3779b97f4a7c15);
}
