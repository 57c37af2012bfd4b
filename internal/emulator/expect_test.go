package emulator

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A server must read the whole body and send no unexpected response. To check this, the test sends
// a second request on each connection.
func TestServers_AnswerExpectForEveryLengthAndService(t *testing.T) {
	p, _ := start(t, nil)
	aws, api := strings.TrimPrefix(p.AWS, "http://"), strings.TrimPrefix(p.APIs[0].URL, "http://")
	if err := p.services.S3.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	for _, service := range []struct{ name, address, target, header string }{
		{"s3", aws, "PUT /bucket/key", ""},
		{"sqs", aws, "POST /", "X-Amz-Target: AmazonSQS.ListQueues\r\n"},
		{"dynamodb", aws, "POST /", "X-Amz-Target: DynamoDB_20120810.ListTables\r\n"},
		{"events", aws, "POST /", "X-Amz-Target: AWSEvents.ListRules\r\n"},
		{"lambda", aws, "POST /2015-03-31/functions/absent/invocations", ""},
		{"cloudformation", aws, "POST /", "Content-Type: application/x-www-form-urlencoded\r\n"},
		{"http api", api, "POST /events", "Content-Type: application/json\r\n"},
	} {
		for _, length := range []int{0, 1, 100_000} {
			for _, framing := range []string{"length", "chunked"} {
				if service.name == "s3" && framing == "chunked" {
					continue // S3 rejects the request before it reads the body
				}
				for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
					name := fmt.Sprintf("%s/%d %s %s", service.name, length, framing, expect)
					t.Run(strings.TrimSpace(name), func(t *testing.T) {
						c := dial(t, service.address)
						body := strings.Repeat(" ", length)
						frame := fmt.Sprintf("Content-Length: %d\r\n", length)
						if framing == "chunked" {
							frame = "Transfer-Encoding: chunked\r\n"
							body = encodeChunk(body) + "0\r\n\r\n"
						}
						c.send(service.target + " HTTP/1.1\r\nHost: localhost\r\n" +
							service.header + frame + expect + "\r\n")
						if expect != "" {
							if status, _ := c.receive(); status != http.StatusContinue {
								t.Fatalf("status %d before the body is sent, want 100", status)
							}
						}
						c.send(body)
						if status, closed := c.receive(); status < 200 || closed {
							t.Fatalf("status %d, closes the connection: %t", status, closed)
						}
						c.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
						if status, _ := c.receive(); status < 200 {
							t.Fatalf("status %d of the next request, want a final status", status)
						}
					})
				}
			}
		}
	}
}

func encodeChunk(data string) string {
	if data == "" {
		return ""
	}
	return fmt.Sprintf("%x\r\n%s\r\n", len(data), data)
}

// connection is a client's connection without the logic of net/http.
type connection struct {
	*testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, address string) connection {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// A server that sends no response fails the test.
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return connection{t, c, bufio.NewReader(c)}
}

func (c connection) send(text string) {
	c.T.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.T.Fatal(err)
	}
}

// receive returns the status of the next response, and whether the server then closes the
// connection.
func (c connection) receive() (status int, closes bool) {
	c.T.Helper()
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		c.T.Fatal(err)
	}
	return response.StatusCode, response.Close
}
