/* A line between two TUN devices: delay, loss and rate, the same in both directions.
 * usage: link DEVICE DEVICE DELAY_MS LOSS_PERCENT MBIT   (prints "ready" when both devices exist)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MTU 1500
#define PLACES 16384            /* more packets than the line and its buffer can hold at 1 Gbit/s */
#define BUFFER_NS 80000000ULL   /* what the router before the line keeps, in time */

struct packet { uint64_t due; int length; unsigned char bytes[MTU]; };
struct way { int from, to; uint64_t idle_at; unsigned first, count; struct packet *ring; };

static uint64_t delay_ns, rate_bits, chance = 88172645463325252ULL;
static double loss;

static uint64_t now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000ULL + (uint64_t)at.tv_nsec;
}

static int lost(void) {
    chance ^= chance << 13; chance ^= chance >> 7; chance ^= chance << 17;
    return (double)(chance >> 11) / (double)(1ULL << 53) < loss;
}

static int device(const char *name) {
    struct ifreq wanted;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    memset(&wanted, 0, sizeof wanted);
    wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
    strncpy(wanted.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &wanted) < 0) { perror(name); exit(1); }
    return fd;
}

/* Take what one side sends: each packet waits for its turn on the line, then travels. */
static void take(struct way *way, uint64_t now) {
    for (int taken = 0; taken < 256; taken++) {
        struct packet *packet = &way->ring[(way->first + way->count) % PLACES], spill;
        if (way->count == PLACES) packet = &spill;
        packet->length = (int)read(way->from, packet->bytes, MTU);
        if (packet->length <= 0) return;
        uint64_t start = way->idle_at > now ? way->idle_at : now;
        if (packet == &spill || start - now > BUFFER_NS || lost()) continue;
        way->idle_at = start + (uint64_t)packet->length * 8 * 1000000000ULL / rate_bits;
        packet->due = way->idle_at + delay_ns;
        way->count++;
    }
}

static void deliver(struct way *way, uint64_t now) {
    while (way->count && way->ring[way->first].due <= now) {
        struct packet *packet = &way->ring[way->first];
        if (write(way->to, packet->bytes, (size_t)packet->length) < 0) { /* the far end is full: lost */ }
        way->first = (way->first + 1) % PLACES;
        way->count--;
    }
}

int main(int count, char **words) {
    if (count != 6) { fprintf(stderr, "usage: link DEVICE DEVICE DELAY_MS LOSS_PERCENT MBIT\n"); return 2; }
    int left = device(words[1]), right = device(words[2]);
    delay_ns = (uint64_t)(atof(words[3]) * 1e6);
    loss = atof(words[4]) / 100;
    rate_bits = (uint64_t)(atof(words[5]) * 1e6);
    struct way ways[2] = {{left, right, 0, 0, 0, NULL}, {right, left, 0, 0, 0, NULL}};
    for (int i = 0; i < 2; i++)
        if ((ways[i].ring = calloc(PLACES, sizeof(struct packet))) == NULL) return 1;
    puts("ready");
    fflush(stdout);
    struct pollfd ready[2] = {{left, POLLIN, 0}, {right, POLLIN, 0}};
    for (;;) {
        uint64_t now = now_ns(), next = now + 1000000000ULL;
        for (int i = 0; i < 2; i++) {
            take(&ways[i], now);
            deliver(&ways[i], now_ns());
            if (ways[i].count && ways[i].ring[ways[i].first].due < next) next = ways[i].ring[ways[i].first].due;
        }
        now = now_ns();
        struct timespec wait = {0, next > now ? (long)(next - now) % 1000000000L : 0};
        ppoll(ready, 2, &wait, NULL);
    }
}
