package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

func invalidBronze() map[string]invalidProps {
	lock := awss3.ObjectLockRetention_Compliance(days(1))
	return map[string]invalidProps{
		"InfrequentAccessTooEarly": invalid(props{BronzeInfrequentAccessAfter: days(29)},
			"BronzeInfrequentAccessAfter 30 29"),
		"InfrequentAccessInHours": invalid(props{BronzeInfrequentAccessAfter: hours(732)},
			"BronzeInfrequentAccessAfter 30 30.5"),
		"ArchiveTooEarly": invalid(props{BronzeArchiveAfter: days(59)}, "BronzeArchiveAfter 60 59"),
		"ExpirationBeforeArchive": invalid(
			props{BronzeArchiveAfter: days(90), BronzeExpiration: days(90)},
			"BronzeExpiration 91 90 BronzeArchiveAfter"),
		"ExpirationBeforeInfrequentAccess": invalid(
			props{BronzeInfrequentAccessAfter: days(40), BronzeExpiration: days(40)},
			"BronzeExpiration 41 40 BronzeInfrequentAccessAfter"),
		"ArchiveAfterExpiration": invalid(
			props{
				BronzeArchiveAfter: days(20),
				BronzeExpiration:   days(25),
			},
			"BronzeArchiveAfter 60 20",
		),
		"ExpirationOfZero": invalid(props{BronzeExpiration: days(0)}, "BronzeExpiration 1 0"),
		"ObjectLockWithDestroy": invalid(
			props{RemovalPolicy: awscdk.RemovalPolicy_DESTROY, BronzeObjectLock: lock},
			"BronzeObjectLock RemovalPolicy DESTROY"),
		"DeletionProtectionWithDestroy": invalid(
			props{
				RemovalPolicy:                 awscdk.RemovalPolicy_DESTROY,
				EventsTableDeletionProtection: jsii.Bool(true),
			},
			"EventsTableDeletionProtection RemovalPolicy DESTROY"),
	}
}

func invalidRetentions() map[string]invalidProps {
	return map[string]invalidProps{
		"SilverExpiration": invalid(props{SilverExpiration: days(0)}, "SilverExpiration 1 0"),
		"ServerAccessLogsExpiration": invalid(props{ServerAccessLogsExpiration: hours(36)},
			"ServerAccessLogsExpiration 1 1.5"),
		"NoncurrentVersionExpiration": invalid(props{NoncurrentVersionExpiration: hours(12)},
			"NoncurrentVersionExpiration 1 0.5"),
		"AbortIncompleteMultipartUpload": invalid(
			props{
				AbortIncompleteMultipartUploadAfter: days(0),
			},
			"AbortIncompleteMultipartUploadAfter 1 0",
		),
		"StatusRetentionTooShort": invalid(
			props{StatusRetention: days(29)}, "StatusRetention 30 29"),
		"StatusRetentionInHours": invalid(
			props{StatusRetention: hours(36)}, "StatusRetention 30 1.5"),
		"QueueRetentionTooLong": invalid(
			props{QueueRetention: days(15), DeadLetterQueueRetention: days(16)},
			"QueueRetention 7200 1209600 1296000", "DeadLetterQueueRetention 60 1209600 1382400"),
		"QueueRetentionNotBelowDLQ": invalid(props{QueueRetention: days(14)},
			"DeadLetterQueueRetention QueueRetention 1209600"),
	}
}

func invalidDeliveries() map[string]invalidProps {
	return map[string]invalidProps{
		"VisibilityTooShort": invalid(
			props{VisibilityTimeout: seconds(189), MaxBatchingWindow: seconds(10)},
			"VisibilityTimeout 190 43200 189 WorkerFunction.Timeout MaxBatchingWindow"),
		"MaxReceiveCountTooLow": invalid(props{MaxReceiveCount: jsii.Number(2)},
			"MaxReceiveCount 3 1000 2"),
	}
}
