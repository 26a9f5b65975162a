// SPDX-License-Identifier: EUPL-1.2

// Command load asks questions over keep-alive connections, as fast as they are answered.
//
// Requests are made beforehand and read from a file (each with four bytes of length before it), so
// that the generator costs little: it shares the machine with what it measures. Every connection
// takes the next request of the file, whoever asked the one before. Only the measured time counts,
// after a time of warming up.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type outcome struct {
	Requests int            `json:"requests"`
	Seconds  float64        `json:"seconds"`
	P50      float64        `json:"p50_ms"`
	P99      float64        `json:"p99_ms"`
	Statuses map[string]int `json:"statuses"`
	Errors   map[string]int `json:"errors"`
}

type target struct {
	address string
	tls     *tls.Config
}

type tally struct {
	micros   []int64
	statuses map[string]int
	errors   map[string]int
}

func main() {
	address := flag.String("address", "", "host:port")
	name := flag.String("name", "", "name in the server's certificate; empty for no TLS")
	certificate := flag.String("certificate", "", "our certificate (PEM)")
	key := flag.String("key", "", "its key (PEM)")
	anchor := flag.String("anchor", "", "trust anchor (PEM)")
	file := flag.String("requests", "", "file of requests")
	connections := flag.Int("connections", 16, "connections at once")
	warm := flag.Float64("warm", 0.5, "seconds before measuring")
	seconds := flag.Float64("seconds", 2, "seconds measured")
	flag.Parse()
	requests := readRequests(*file)
	where := target{address: *address, tls: tlsConfig(*name, *certificate, *key, *anchor)}
	begin := time.Now().Add(time.Duration(*warm * float64(time.Second)))
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	// The one who measures CPU reads it when this line comes, and again at the end.
	time.AfterFunc(time.Until(begin), func() { fmt.Fprintln(os.Stderr, "measuring") })
	var next uint64
	var waiting sync.WaitGroup
	tallies := make([]tally, *connections)
	for i := range tallies {
		waiting.Add(1)
		go func(found *tally) {
			defer waiting.Done()
			*found = tally{statuses: map[string]int{}, errors: map[string]int{}}
			ask(where, requests, &next, begin, end, found)
		}(&tallies[i])
	}
	waiting.Wait()
	report(tallies, end.Sub(begin).Seconds())
}

func tlsConfig(name, certificate, key, anchor string) *tls.Config {
	if name == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(anchor)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{
		ServerName: name, Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12,
	}
}

func readRequests(name string) [][]byte {
	data, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	var found [][]byte
	for len(data) >= 4 {
		size := int(binary.BigEndian.Uint32(data))
		found = append(found, data[4:4+size])
		data = data[4+size:]
	}
	if len(found) == 0 {
		log.Fatal("no requests in ", name)
	}
	return found
}

func ask(where target, requests [][]byte, next *uint64, begin, end time.Time, found *tally) {
	var connection net.Conn
	var reader *bufio.Reader
	for time.Now().Before(end) {
		if connection == nil {
			made, err := dial(where)
			if err != nil {
				found.errors["connect: "+err.Error()]++
				time.Sleep(20 * time.Millisecond)
				continue
			}
			connection, reader = made, bufio.NewReaderSize(made, 16384)
		}
		request := requests[atomic.AddUint64(next, 1)%uint64(len(requests))]
		start := time.Now()
		status, keep, err := exchange(connection, reader, request)
		now := time.Now()
		if err != nil || !keep {
			connection.Close()
			connection = nil
		}
		if start.Before(begin) || now.After(end) {
			continue
		}
		if err != nil {
			found.errors[err.Error()]++
			continue
		}
		found.micros = append(found.micros, now.Sub(start).Microseconds())
		found.statuses[status]++
	}
	if connection != nil {
		connection.Close()
	}
}

func dial(where target) (net.Conn, error) {
	if where.tls == nil {
		return net.Dial("tcp", where.address)
	}
	return tls.Dial("tcp", where.address, where.tls)
}

// exchange sends one request and reads its whole answer.
func exchange(connection net.Conn, reader *bufio.Reader, request []byte) (string, bool, error) {
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := connection.Write(request); err != nil {
		return "", false, errors.New("write failed")
	}
	line, err := reader.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return "", false, errors.New("no status line")
	}
	status, length, keep := string(line[9:12]), -1, true
	for {
		line, err = reader.ReadSlice('\n')
		if err != nil {
			return "", false, errors.New("headers cut off")
		}
		if len(line) <= 2 {
			break
		}
		switch {
		case hasName(line, "content-length:"):
			length, err = strconv.Atoi(strings.TrimSpace(string(line[15:])))
			if err != nil {
				return "", false, errors.New("content-length")
			}
		case hasName(line, "connection:"):
			keep = !strings.Contains(strings.ToLower(string(line)), "close")
		case hasName(line, "transfer-encoding:"):
			length = -2
		}
	}
	if length >= 0 {
		_, err = reader.Discard(length)
	} else if length == -2 {
		err = discardChunks(reader)
	}
	if err != nil {
		return "", false, errors.New("body cut off")
	}
	return status, keep, nil
}

func discardChunks(reader *bufio.Reader) error {
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil {
			return err
		}
		if _, err = reader.Discard(int(size) + 2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

func hasName(line []byte, name string) bool {
	return len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name)
}

func report(tallies []tally, seconds float64) {
	all := outcome{Seconds: seconds, Statuses: map[string]int{}, Errors: map[string]int{}}
	var micros []int64
	for _, one := range tallies {
		micros = append(micros, one.micros...)
		for status, count := range one.statuses {
			all.Statuses[status] += count
		}
		for words, count := range one.errors {
			all.Errors[words] += count
		}
	}
	sort.Slice(micros, func(i, j int) bool { return micros[i] < micros[j] })
	all.Requests = len(micros)
	if len(micros) > 0 {
		all.P50 = float64(micros[len(micros)/2]) / 1000
		all.P99 = float64(micros[len(micros)*99/100]) / 1000
	}
	if err := json.NewEncoder(io.Writer(os.Stdout)).Encode(all); err != nil {
		log.Fatal(err)
	}
}
