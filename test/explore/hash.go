package explore

import (
	"errors"
	"hash/maphash"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

var seed = maphash.MakeSeed()

func hash[T comparable](first T, more ...any) uint64 {
	h := maphash.Comparable(seed, first)
	for _, m := range more {
		h = mix(h, maphash.Comparable(seed, m))
	}
	return h
}

// mix combines two hashes. Their order matters.
func mix(a, b uint64) uint64 {
	h := (a ^ b>>32 ^ b<<32) * 0x9e3779b97f4a7c15
	return (h^h>>29)*0xbf58476d1ce4e5b9 + b
}

// digest returns a hash of a call's result.
func digest(v any) uint64 {
	var h uint64
	switch v := v.(type) {
	case nil:
	case []byte:
		return maphash.Bytes(seed, v)
	case *pipeline.TransitionError:
		return hash(v.From, v.To)
	case []error:
		for i, err := range v {
			h += hash(i, digest(err))
		}
	case error:
		var moved *pipeline.TransitionError
		if errors.As(v, &moved) {
			return digest(moved)
		}
		return hash(v.Error())
	case map[string]pipeline.Item:
		for _, item := range v {
			h += hash(item)
		}
	case []pipeline.Object:
		for _, o := range v {
			h += hash(o)
		}
	case []string:
		for i, s := range v {
			h += hash(i, s)
		}
	case versioned:
		return hash(string(v.body), v.version)
	default: // comparable: an item, a checkpoint or a count
		return maphash.Comparable(seed, v)
	}
	return h
}
