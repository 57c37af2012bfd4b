package s3

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// respond responds with an XML document. root is the name of the document's root element.
func (c *call) respond(root string, document any) error {
	name := xml.Name{Space: "http://s3.amazonaws.com/doc/2006-03-01/", Local: root}
	c.writeXML(http.StatusOK, name, document)
	return nil
}

func (c *call) writeXML(status int, root xml.Name, document any) {
	body := bytes.NewBufferString(xml.Header)
	err := xml.NewEncoder(body).EncodeElement(document, xml.StartElement{Name: root})
	if err != nil {
		status = http.StatusInternalServerError
		body.Reset()
	}
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body.Bytes()) // the client could have disconnected
	}
}

// maxXML limits the size of an XML document in a request. It is enough for a list of 10,000 parts.
const maxXML = 4 << 20

// readXML decodes the XML document in a request's body. The root element must have the name root.
func (s *Service) readXML(r *http.Request, root string, document any) error {
	decoded, _ := strconv.ParseInt(r.Header.Get(decodedLength), 10, 64)
	if max(decoded, r.ContentLength) > maxXML {
		return newFailure(http.StatusBadRequest, "MaxMessageLengthExceeded",
			"Your request was too big.", "MaxMessageLengthBytes", fmt.Sprint(maxXML))
	}
	body, err := s.receive(r, "")
	if err != nil {
		return err
	}
	defer s.bodies.release(body.extent)
	decoder := xml.NewDecoder(body.read())
	for {
		token, err := decoder.Token()
		if err != nil {
			return malformedXML()
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != root || decoder.DecodeElement(document, &start) != nil {
			return malformedXML()
		}
		return nil
	}
}

// xmlTime returns a time in S3's format, with a precision of one second.
func xmlTime(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
}

// nameEncoder returns the function that encodes keys in a listing. The query parameter
// encoding-type=url selects URL encoding, because XML cannot represent some characters.
func (c *call) nameEncoder() func(string) string {
	if c.query.Get("encoding-type") != "url" {
		return func(name string) string { return name }
	}
	return func(name string) string {
		return strings.ReplaceAll(url.QueryEscape(name), "%2F", "/")
	}
}
