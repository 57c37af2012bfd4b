package emulator

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// domainName lets others refer to a domain. Here the API is where it always is: on loopback, and without TLS.
func (p *provisioner) domainName(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		DomainName              string
		MutualTlsAuthentication map[string]any
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	p.leaveOut(r.Type, 1)
	if in.MutualTlsAuthentication != nil {
		p.leaveOut("mutual TLS of "+in.DomainName, 1)
	}
	return cloudformation.Made{Ref: in.DomainName, Attributes: map[string]string{
		"DomainNameArn":        "arn:aws:apigateway:" + p.region + "::/domainnames/" + in.DomainName,
		"RegionalDomainName":   "d-" + apiID(p.current.Name, r.LogicalID) + ".execute-api." + p.region + ".amazonaws.com",
		"RegionalHostedZoneId": "Z" + uniqueSuffix(p.current.Name, r.LogicalID),
	}}, nil
}

// apiMapping notes the URL that an API would have by a domain, for localURLs to replace.
func (p *provisioner) apiMapping(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ ApiId, DomainName, ApiMappingKey string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	a := p.findAPI(in.ApiId)
	if a == nil {
		return p.skip(r, r.Type), nil
	}
	url := "https://" + in.DomainName + "/"
	if in.ApiMappingKey != "" {
		url += in.ApiMappingKey + "/"
	}
	a.mapped = append(a.mapped, url)
	id := strings.ToLower(uniqueSuffix(p.current.Name, r.LogicalID)[:6])
	return cloudformation.Made{Ref: id, Attributes: map[string]string{"ApiMappingId": id}}, nil
}
