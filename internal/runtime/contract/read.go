package contract

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Reader reads variables and gathers what is wrong with them, so that an operator sees every mistake at once.
type Reader struct{ errs []error }

// Text is the variable's value, which may not be empty.
func (r *Reader) Text(name string) string {
	value := os.Getenv(name)
	if value == "" {
		r.errs = append(r.errs, fmt.Errorf("environment variable %s is not set", name))
	}
	return value
}

// Int is the variable's value, a whole number of at least low.
func (r *Reader) Int(name string, low int) int {
	value := r.Text(name)
	if value == "" {
		return 0
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low {
		r.errs = append(r.errs, fmt.Errorf("environment variable %s is %q; it must be a whole number of at least %d", name, value, low))
	}
	return n
}

// Bool is the variable's value, true or false.
func (r *Reader) Bool(name string) bool {
	value := r.Text(name)
	if value != "" && value != "true" && value != "false" {
		r.errs = append(r.errs, fmt.Errorf("environment variable %s is %q; it must be true or false", name, value))
	}
	return value == "true"
}

// Err is all that was wrong, or nil.
func (r *Reader) Err() error { return errors.Join(r.errs...) }
