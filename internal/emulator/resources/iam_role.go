package resources

import "cmp"

type roleProperties struct{ RoleName, Path, PermissionsBoundary string }

// createRole records a role. Its policies are read by Enforce, when all policies are known.
func createRole(c *creation, in roleProperties) (values, error) {
	name := c.name(in.RoleName, 64)
	arn := "arn:aws:iam::" + c.Account + ":role" + cmp.Or(in.Path, "/") + name
	if in.PermissionsBoundary != "" {
		c.reportNotRun("permissions boundary of role "+name, 1)
	}
	c.iam.roles[name] = role{c, arn}
	return created(name, "Arn", arn, "RoleId", "AROA"+c.suffix()), nil
}

// createRolePolicy records a policy that names the roles it is attached to.
func createRolePolicy(c *creation, _ struct{}) (values, error) {
	c.iam.policies = append(c.iam.policies, c)
	return created(c.name("", 128)), nil
}

func createManagedPolicy(c *creation, _ struct{}) (values, error) {
	c.iam.policies = append(c.iam.policies, c)
	arn := "arn:aws:iam::" + c.Account + ":policy/" + c.name("", 128)
	return created(arn, "PolicyArn", arn), nil
}
