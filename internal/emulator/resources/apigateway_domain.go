package resources

type domainNameProperties struct {
	DomainName              string
	MutualTlsAuthentication map[string]any
}

// createDomainName creates nothing: the API stays on loopback, without TLS.
func createDomainName(c *creation, in domainNameProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	if in.MutualTlsAuthentication != nil {
		c.reportNotRun("mutual TLS of "+in.DomainName, 1)
	}
	return created(
		in.DomainName,
		"DomainNameArn",
		"arn:aws:apigateway:"+c.Region+"::/domainnames/"+in.DomainName,
		"RegionalDomainName",
		"d-"+c.id(10)+".execute-api."+c.Region+".amazonaws.com",
		"RegionalHostedZoneId",
		"Z"+c.suffix(),
	), nil
}

type apiMappingProperties struct{ ApiId, DomainName, ApiMappingKey string }

// createAPIMapping records the URL of an API by a domain, which LocalURLs replaces.
func createAPIMapping(c *creation, in apiMappingProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	url := "https://" + in.DomainName + "/"
	if in.ApiMappingKey != "" {
		url += in.ApiMappingKey + "/"
	}
	a.domainURLs = append(a.domainURLs, url)
	id := c.id(6)
	return created(id, "ApiMappingId", id), nil
}
