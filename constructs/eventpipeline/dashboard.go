package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// newDashboard creates the dashboard in this order: alarms and event counts, webhook sources, API,
// queue and worker, reconciler.
func newDashboard(p *eventPipeline, m metrics) awscloudwatch.Dashboard {
	var alarms []interfacesawscloudwatch.IAlarmRef
	for _, alarm := range p.Alarms() {
		alarms = append(alarms, alarm)
	}
	rows := []*[]awscloudwatch.IWidget{
		{awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
			Title: jsii.String("Alarms"), Alarms: &alarms,
			Width: jsii.Number(24), Height: jsii.Number(3),
		})},
		{
			newGraph("Events", m.accepted, m.processed, m.failed, m.retried),
		},
	}
	if graphs := newWebhookGraphs(p); len(graphs) > 0 {
		rows = append(rows, &graphs)
	}
	rows = append(rows,
		&[]awscloudwatch.IWidget{
			newGraph("API requests", m.requests, m.clientErrors, m.serverErrors),
			newGraph("Queue", m.queued, m.deadLetters, m.notificationDeadLetters),
			newGraph("Worker", m.workerErrors, m.workerThrottles),
		},
		&[]awscloudwatch.IWidget{
			newGraph("API latency (p99)", m.latency),
			newGraph("Oldest message's age", m.oldestMessage),
			newGraph("Worker duration (p99)", m.workerDuration),
		},
		&[]awscloudwatch.IWidget{
			newGraph("Repaired by the reconciler", m.reenqueued, m.givenUp),
			newGraph("Requests never acknowledged (orphans in Bronze)", m.orphans),
			newGraph("Reconciler", m.reconcilerErrors, m.unhealed),
		},
	)
	return awscloudwatch.NewDashboard(p, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: dashboardName(p), Widgets: &rows,
	})
}

// dashboardName returns the dashboard's name, or nil if PhysicalNamePrefix is not set. The name
// ends with the region, because the names of an account's dashboards must be unique across regions.
func dashboardName(p *eventPipeline) *string {
	name := p.physicalName("events")
	if name != nil {
		*name += "-" + *awscdk.Stack_Of(p).Region()
	}
	return name
}

func newGraph(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: &title, Left: &metrics, Width: jsii.Number(8), Height: jsii.Number(6),
	})
}
