// SPDX-License-Identifier: EUPL-1.2

// Command peer is what we measure ourselves against: a reverse proxy in Go with mutual TLS that
// writes one record per request and waits for the commit before it passes the request on.
//
// It knows no token, no policy and no purpose. With -declarations it verifies the signature of the
// Purpose-Declaration of each request (ES256), and nothing else of it.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
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

const insert = `INSERT INTO bench.record (transaction_id, direction, created_at, grant_hash,
	outway_peer_id, service_peer_id, service_name, payload) VALUES ($1, 1, $2, $3, $4, $5, $6, $7)`

type recorder struct {
	pool    *pgxpool.Pool
	next    http.Handler
	signer  *ecdsa.PublicKey
	payload string
}

func main() {
	listen := flag.String("listen", "", "host:port")
	upstream := flag.String("upstream", "", "http://host:port")
	certificate := flag.String("certificate", "", "our certificate (PEM)")
	key := flag.String("key", "", "its key (PEM)")
	anchor := flag.String("anchor", "", "trust anchor of clients (PEM)")
	dsn := flag.String("dsn", "", "PostgreSQL")
	payload := flag.Int("payload", 1000, "bytes of payload per record")
	declarations := flag.String("declarations", "", "certificate whose key signs declarations")
	flag.Parse()
	config, err := pgxpool.ParseConfig(*dsn)
	check(err)
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	check(err)
	address, err := url.Parse(*upstream)
	check(err)
	handler := &recorder{pool: pool, next: proxy(address), payload: document(*payload)}
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
	_, err := r.pool.Exec(request.Context(), insert, transaction, time.Now(),
		request.Header.Get("Fsc-Grant-Hash"), peer, "00000099000000001000",
		strings.SplitN(request.URL.Path, "/", 3)[1], r.payload)
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

// document is a record's payload of about the size of ours.
func document(size int) string {
	text, err := json.Marshal(map[string]string{"adl": strings.Repeat("x", size-10)})
	check(err)
	return string(text)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
