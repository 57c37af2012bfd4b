package pipeline

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"

// CheckSize returns an error if a body is larger than MaxPayloadBytes.
func (in Ingest) CheckSize(body []byte) error {
	if len(body) > in.MaxPayloadBytes {
		return Errorf(PayloadTooLarge,
			"The body has %d bytes; at most %d are accepted.", len(body), in.MaxPayloadBytes)
	}
	return nil
}

func (in Ingest) validate(req Request, eventType string) error {
	var violations []violation.Violation
	var known bool
	var tooComplex error
	if in.Schemas != nil {
		violations, known, tooComplex = in.Schemas.Check(eventType, req.payload())
	}
	switch {
	case tooComplex != nil:
		return wrapError(PayloadTooComplex, "The payload takes too long to validate against its "+
			"type's schema. Nest it less deeply, or send smaller events.", tooComplex)
	case !known && in.RejectUnknownTypes:
		err := Errorf(UnknownEventType, "There is no schema for events of this type. "+
			"Only types with a schema are accepted.")
		err.Pointer = req.typePointer()
		return err
	case len(violations) > 0:
		return schemaError(violations)
	}
	return nil
}

// schemaError returns the error for a payload that violates its schema. It removes pointers longer
// than maxPointerBytes.
func schemaError(violations []violation.Violation) error {
	for i := range violations {
		if len(violations[i].Pointer) > maxPointerBytes {
			violations[i].Pointer = ""
		}
	}
	first := violations[0]
	err := Errorf(SchemaViolation,
		"The payload does not match its type's schema: %s.", first.Detail)
	err.Pointer, err.Violations = first.Pointer, violations
	return err
}
