// SPDX-License-Identifier: EUPL-1.2

// Command peer is what we measure ourselves against: a reverse proxy in Go with mutual TLS that
// writes one record per request and waits for the commit before it passes the request on.
//
// The record is of the size of ours and goes into the same table, with the same columns, checks,
// indexes and partitions. It knows no token, no policy and no purpose, and chains no batches. With -declarations it verifies the signature of the
// Purpose-Declaration of each request (ES256), and nothing else of it.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"flag"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

const insert = `INSERT INTO logboek.record (record_id, kind, at, trace_id, span_id, transaction_id,
	peer, service, grant_hash, lane, batch, pos, salt, leaf, payload)
	VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, 'go-0', 1, 0, $9, $10, $11)`

type recorder struct {
	pool    *pgxpool.Pool
	next    http.Handler
	signer  *ecdsa.PublicKey
	payload []byte
}

func main() {
	listen := flag.String("listen", "", "host:port")
	upstream := flag.String("upstream", "", "http://host:port")
	certificate := flag.String("certificate", "", "our certificate (PEM)")
	key := flag.String("key", "", "its key (PEM)")
	anchor := flag.String("anchor", "", "trust anchor of clients (PEM)")
	dsn := flag.String("dsn", "", "PostgreSQL")
	record := flag.String("record", "", "file with the payload of a record")
	declarations := flag.String("declarations", "", "certificate whose key signs declarations")
	flag.Parse()
	config, err := pgxpool.ParseConfig(*dsn)
	check(err)
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	check(err)
	address, err := url.Parse(*upstream)
	check(err)
	payload, err := os.ReadFile(*record)
	check(err)
	handler := &recorder{pool: pool, next: proxy(address), payload: payload}
	if *declarations != "" {
		handler.signer = publicKey(*declarations)
	}
	server := &http.Server{Addr: *listen, Handler: handler, TLSConfig: mutual(*anchor)}
	socket, err := net.Listen("tcp", *listen)
	check(err)
	log.Println("ready")
	check(server.ServeTLS(socket, *certificate, *key))
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	transaction := request.Header.Get("Fsc-Transaction-Id")
	if transaction == "" {
		http.Error(w, "no transaction id", http.StatusBadRequest)
		return
	}
	if r.signer != nil && !r.signed(request.Header.Get("Purpose-Declaration")) {
		http.Error(w, "declaration", http.StatusUnauthorized)
		return
	}
	peer := request.TLS.PeerCertificates[0].Subject.SerialNumber
	trace, span, err := traced(request.Header.Get("traceparent"))
	if err != nil {
		http.Error(w, "traceparent", http.StatusBadRequest)
		return
	}
	now := time.Now()
	record, salt := identifier(now), random(16)
	leaf := sha256.Sum256(append(append([]byte{0}, salt...), r.payload...))
	_, err = r.pool.Exec(request.Context(), insert, record, now, trace, span, transaction, peer,
		strings.SplitN(request.URL.Path, "/", 3)[1], request.Header.Get("Fsc-Grant-Hash"),
		salt, leaf[:], r.payload)
	if err != nil {
		log.Println(err)
		http.Error(w, "TRANSACTION_LOG_WRITE_ERROR", http.StatusInternalServerError)
		return
	}
	r.next.ServeHTTP(w, request)
}

func (r *recorder) signed(compact string) bool {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return false
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	first, second := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(r.signer, digest[:], first, second)
}

func proxy(upstream *url.URL) http.Handler {
	made := httputil.NewSingleHostReverseProxy(upstream)
	made.Transport = &http.Transport{
		MaxIdleConns: 512, MaxIdleConnsPerHost: 512, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	return made
}

func mutual(anchor string) *tls.Config {
	data, err := os.ReadFile(anchor)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(data)
	return &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true,
	}
}

func publicKey(name string) *ecdsa.PublicKey {
	data, err := os.ReadFile(name)
	check(err)
	block, _ := pem.Decode(data)
	certificate, err := x509.ParseCertificate(block.Bytes)
	check(err)
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		log.Fatal("not a key on a curve")
	}
	return key
}

// traced reads trace and span of a traceparent.
func traced(header string) ([]byte, []byte, error) {
	parts := strings.Split(header, "-")
	if len(parts) != 4 {
		return nil, nil, errors.New("no traceparent")
	}
	trace, err := hex.DecodeString(parts[1])
	if err != nil {
		return nil, nil, err
	}
	span, err := hex.DecodeString(parts[2])
	return trace, span, err
}

// identifier is a UUID of version 7: it rises with the clock, as ours do.
func identifier(now time.Time) [16]byte {
	var made [16]byte
	copy(made[6:], random(10))
	milliseconds := uint64(now.UnixNano() / 1e6)
	for place := 0; place < 6; place++ {
		made[place] = byte(milliseconds >> (40 - 8*place))
	}
	made[6] = made[6]&0x0f | 0x70
	made[8] = made[8]&0x3f | 0x80
	return made
}

func random(size int) []byte {
	made := make([]byte, size)
	_, err := rand.Read(made)
	check(err)
	return made
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
