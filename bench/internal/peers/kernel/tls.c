// A bare TLS echo over epoll and OpenSSL, which measures the cost of the kernel and of TLS. It is
// single-threaded and level-triggered. After a short write it keeps the rest, and does not read the
// connection until the rest is written. OpenSSL does not hold buffers for idle connections.
#define _GNU_SOURCE // accept4
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 16 << 10, EVENTS = 256 };

struct conn {
	SSL *ssl;
	char *unsent; // the rest of a short write, or NULL
	int fd;
	unsigned at, left; // in unsent: bytes written since, and bytes not yet written
};

static int ep;
static SSL_CTX *context;
static char buffer[BUFFER];

static void watch(int op, struct conn *c, unsigned events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};
	if (epoll_ctl(ep, op, c->fd, &e) < 0) {
		perror("epoll_ctl");
		exit(1);
	}
}

static void drop(struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c->unsent);
	free(c);
}

// failed reports whether the result of a call means more than that the socket is not ready. It
// drops the connection if so.
static int failed(struct conn *c, int result)
{
	int error = SSL_get_error(c->ssl, result);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	drop(c);
	return 1;
}

static void flush(struct conn *c)
{
	while (c->left > 0) {
		int sent = SSL_write(c->ssl, c->unsent + c->at, (int)c->left);
		if (sent <= 0) {
			failed(c, sent);
			return;
		}
		c->at += (unsigned)sent;
		c->left -= (unsigned)sent;
	}
	free(c->unsent);
	c->unsent = NULL;
	watch(EPOLL_CTL_MOD, c, EPOLLIN);
}

static void keep(struct conn *c, char *p, size_t n)
{
	c->unsent = malloc(n);
	memcpy(c->unsent, p, n);
	c->at = 0;
	c->left = (unsigned)n;
	watch(EPOLL_CTL_MOD, c, EPOLLOUT);
}

// receive also does the handshake, which SSL_read begins.
static void receive(struct conn *c)
{
	do {
		int n = SSL_read(c->ssl, buffer, BUFFER);
		if (n <= 0) {
			failed(c, n);
			return;
		}
		int sent = SSL_write(c->ssl, buffer, n);
		if (sent <= 0) {
			if (failed(c, sent))
				return;
			sent = 0;
		}
		if (sent < n) {
			keep(c, buffer + sent, (size_t)(n - sent));
			return;
		}
	} while (SSL_has_pending(c->ssl));
}

// accept_one accepts one connection. Another call would most often find none.
static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct conn *c = calloc(1, sizeof *c);
	c->fd = fd;
	c->ssl = SSL_new(context);
	SSL_set_fd(c->ssl, fd);
	SSL_set_accept_state(c->ssl);
	watch(EPOLL_CTL_ADD, c, EPOLLIN);
}

static void start_tls(const char *cert, const char *key)
{
	context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context, 1); // the header and the content of a record in one read
	SSL_CTX_set_num_tickets(context, 0); // the load's client does not resume sessions
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1 || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "cannot load %s and %s\n", cert, key);
		exit(1);
	}
}

// main takes an IPv4 address, a port, and the files with the certificate and its key.
int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: tls ADDRESS PORT CERTIFICATE KEY\n");
		return 2;
	}
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	start_tls(argv[3], argv[4]);

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
		int n = epoll_wait(ep, events, EVENTS, -1);
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
