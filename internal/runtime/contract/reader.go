package contract

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Reader reads environment variables. It collects all errors, so that an operator sees them
// together.
type Reader struct {
	getenv func(string) string
	errs   []error
}

// NewReader returns a Reader that gets variables from getenv, such as os.Getenv.
func NewReader(getenv func(name string) string) *Reader { return &Reader{getenv: getenv} }

// Text returns the value of a variable, which must not be empty.
func (r *Reader) Text(name string) string {
	value := r.getenv(name)
	if value == "" {
		r.errs = append(r.errs, fmt.Errorf("environment variable %s must be set", name))
	}
	return value
}

// Optional returns the value of a variable, or "" if the variable is not set.
func (r *Reader) Optional(name string) string { return r.getenv(name) }

// Int returns the value of a variable, which must be an integer and not less than minimum.
func (r *Reader) Int(name string, minimum int) int {
	value := r.Text(name)
	if value == "" {
		return 0
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < minimum {
		r.errs = append(r.errs,
			fmt.Errorf("environment variable %s must be an integer of at least %d, got %q",
				name, minimum, value))
	}
	return n
}

// Seconds returns the value of a variable, which must be a number of seconds of at least 1.
func (r *Reader) Seconds(name string) time.Duration {
	return time.Second * time.Duration(r.Int(name, 1))
}

// Days returns the value of a variable, which must be a number of days of at least 0.
func (r *Reader) Days(name string) time.Duration {
	return 24 * time.Hour * time.Duration(r.Int(name, 0))
}

// Bool returns the value of a variable, which must be true or false.
func (r *Reader) Bool(name string) bool {
	value := r.Text(name)
	if value != "" && value != "true" && value != "false" {
		r.errs = append(r.errs,
			fmt.Errorf("environment variable %s must be true or false, got %q", name, value))
	}
	return value == "true"
}

// Err returns all errors so far, joined, or nil.
func (r *Reader) Err() error { return errors.Join(r.errs...) }
