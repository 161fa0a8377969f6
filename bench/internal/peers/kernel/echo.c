// A bare TCP echo over epoll, which measures the cost of the kernel alone. It is single-threaded
// and level-triggered. After a short write it keeps the rest, and does not read the connection
// until the rest is written. It makes echosvc's system calls, with a buffer of the same size. Given
// an interval, it sends each connection a WebSocket ping once in it, and does not echo pongs. Given
// "close", it shuts down its side after a close frame, as a server has to (RFC 6455 section 7.1.1).
#define _GNU_SOURCE // accept4
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = (512 << 10) + 64, EVENTS = 256 };
enum { STEP = 100 }; // milliseconds between the instants that pings share, as in echosvc

struct conn {
	char *unsent; // the rest of a short write, or NULL
	int fd;
	unsigned at, left; // in unsent: bytes written since, and bytes not yet written
	long due; // time of the next ping, in milliseconds
	struct conn *previous, *next; // in the order of due, if there are pings
};

static int ep;
static long interval; // between pings, in milliseconds, or 0
static int closes; // whether close frames are looked for
static struct conn pinged = {.previous = &pinged, .next = &pinged}; // the head of the list
static char buffer[BUFFER];

static void watch(int op, struct conn *c, unsigned events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};
	if (epoll_ctl(ep, op, c->fd, &e) < 0) {
		perror("epoll_ctl");
		exit(1);
	}
}

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void unschedule(struct conn *c)
{
	c->previous->next = c->next;
	c->next->previous = c->previous;
}

static void schedule(struct conn *c)
{
	c->due = (now() + interval + STEP / 2) / STEP * STEP;
	c->previous = pinged.previous;
	c->next = &pinged;
	c->previous->next = c->next->previous = c;
}

// ping sends the pings that are due, and returns the time until the next one, or -1.
static int ping(void)
{
	static const char frame[] = {(char)0x89, 0};
	while (pinged.next != &pinged) {
		struct conn *c = pinged.next;
		long left = c->due - now();
		if (left > 0)
			return (int)left;
		send(c->fd, frame, sizeof frame, MSG_NOSIGNAL);
		unschedule(c);
		schedule(c);
	}
	return -1;
}

// is_pong reports whether the n bytes in buffer are answers to the pings: empty pongs, masked.
static int is_pong(ssize_t n)
{
	return interval > 0 && n % 6 == 0 && buffer[0] == (char)0x8a;
}

// is_close reports whether the n bytes in buffer are a masked close frame with a status code.
static int is_close(ssize_t n)
{
	return closes && n == 8 && buffer[0] == (char)0x88;
}

static void drop(struct conn *c)
{
	if (interval > 0)
		unschedule(c);
	close(c->fd);
	free(c->unsent);
	free(c);
}

static void keep(struct conn *c, char *p, size_t n)
{
	c->unsent = malloc(n);
	memcpy(c->unsent, p, n);
	c->at = 0;
	c->left = (unsigned)n;
	watch(EPOLL_CTL_MOD, c, EPOLLOUT);
}

static void flush(struct conn *c)
{
	ssize_t sent = send(c->fd, c->unsent + c->at, c->left, MSG_NOSIGNAL);
	if (sent < 0) {
		if (errno != EAGAIN)
			drop(c);
		return;
	}
	c->at += (unsigned)sent;
	c->left -= (unsigned)sent;
	if (c->left == 0) {
		free(c->unsent);
		c->unsent = NULL;
		watch(EPOLL_CTL_MOD, c, EPOLLIN);
	}
}

static void receive(struct conn *c)
{
	ssize_t n = recv(c->fd, buffer, BUFFER, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		drop(c);
	if (n <= 0 || is_pong(n))
		return;
	ssize_t sent = send(c->fd, buffer, (size_t)n, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN)
		drop(c);
	else if (sent < n)
		keep(c, buffer + (sent < 0 ? 0 : sent), (size_t)(sent < 0 ? n : n - sent));
	else if (is_close(n))
		shutdown(c->fd, SHUT_WR);
}

// accept_one accepts one connection. Another call would most often find none.
static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct conn *c = calloc(1, sizeof *c);
	c->fd = fd;
	if (interval > 0)
		schedule(c);
	watch(EPOLL_CTL_ADD, c, EPOLLIN);
}

// main takes an IPv4 address, a port, and perhaps an interval in milliseconds or "close".
int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: echo ADDRESS PORT [INTERVAL|close]\n");
		return 2;
	}
	if (argc == 4) {
		closes = strcmp(argv[3], "close") == 0;
		interval = atol(argv[3]);
	}
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);

	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
	inet_pton(AF_INET, argv[1], &addr.sin_addr);
	struct conn listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	int yes = 1;
	setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	setsockopt(listener.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); // inherited by accepted sockets
	if (bind(listener.fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(listener.fd, SOMAXCONN) < 0) {
		perror("listen");
		return 1;
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	watch(EPOLL_CTL_ADD, &listener, EPOLLIN);

	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, ping());
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c == &listener)
				accept_one(c->fd);
			else if (events[i].events & EPOLLOUT)
				flush(c);
			else
				receive(c);
		}
	}
}
