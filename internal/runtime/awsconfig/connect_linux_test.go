package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// newBusyAddress returns the address of a server whose queue of connections is full. The server
// does not answer a new connection.
func newBusyAddress(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 16 { // fill the backlog
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = connection.Close() })
	}
	t.Fatal("the backlog is not full")
	return ""
}

// The call must end before the test's limit of 20 seconds. The SDK's default limit for connecting
// is 30 seconds.
func TestLoad_LimitsTheTimeToConnect(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://"+newBusyAddress(t))
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	calls := Calls{MaxAttempts: 1, FirstBackoff: 1, MaxBackoff: 1, Response: time.Hour}
	cfg, err := Load(calls)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = s3.NewFromConfig(cfg).ListBuckets(ctx, nil)
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() || ctx.Err() != nil {
		t.Errorf("got %v, want a timeout before the deadline", err)
	}
}
