"""The services and APIs of the simulation, as a table.

Names, hosts and read-only flags follow the records AWS writes: `monitoring` is CloudWatch, `AssumeRole` is read-only,
some Lambda and CloudFront names carry the date of their API. Names stand in order of popularity within their service.
"""

from __future__ import annotations

Row = tuple[str, float, str, str, str]
"""Service, popularity, event version, read-only APIs, writing APIs."""

CALLS: tuple[Row, ...] = (
    ("ec2", 12, "1.10",
     "DescribeInstances DescribeVolumes DescribeSecurityGroups DescribeSubnets DescribeVpcs "
     "DescribeNetworkInterfaces DescribeRouteTables DescribeImages DescribeSnapshots DescribeTags "
     "DescribeInstanceStatus DescribeAddresses DescribeRegions DescribeAvailabilityZones DescribeNatGateways "
     "DescribeLaunchTemplates DescribeInstanceTypes DescribeInternetGateways DescribeVpcAttribute "
     "DescribeNetworkAcls DescribeKeyPairs DescribeInstanceAttribute GetPasswordData GetEbsEncryptionByDefault",
     "CreateTags RunInstances TerminateInstances CreateNetworkInterface DeleteNetworkInterface StartInstances "
     "StopInstances AttachVolume CreateVolume CreateSnapshot DeleteSnapshot AuthorizeSecurityGroupIngress "
     "RevokeSecurityGroupIngress ModifyInstanceAttribute CreateSecurityGroup CreateImage DeleteVolume "
     "DetachVolume CreateLaunchTemplateVersion AssociateAddress ModifySnapshotAttribute CreateKeyPair "
     "RequestSpotInstances"),
    ("sts", 14, "1.08",
     "AssumeRole GetCallerIdentity AssumeRoleWithWebIdentity GetSessionToken DecodeAuthorizationMessage",
     ""),
    ("kms", 9, "1.11",
     "Decrypt GenerateDataKey DescribeKey Encrypt ListAliases GetKeyPolicy Sign ListKeys GetKeyRotationStatus",
     "CreateGrant RetireGrant CreateKey CreateAlias ScheduleKeyDeletion EnableKeyRotation PutKeyPolicy "
     "DisableKey"),
    ("s3", 9, "1.11",
     "GetBucketAcl ListBuckets GetBucketLocation GetBucketPolicy GetBucketTagging GetBucketEncryption "
     "GetBucketLogging GetBucketVersioning GetBucketPublicAccessBlock GetBucketPolicyStatus GetBucketLifecycle",
     "PutBucketPolicy CreateBucket PutBucketTagging PutBucketEncryption PutBucketPublicAccessBlock DeleteBucket "
     "PutBucketLifecycle PutBucketVersioning DeleteBucketPolicy PutBucketAcl PutBucketReplication"),
    ("ssm", 7, "1.08",
     "GetParameter GetParameters GetParametersByPath DescribeInstanceInformation DescribeParameters "
     "ListTagsForResource ListInstanceAssociations GetDocument DescribeDocument ListCommandInvocations",
     "UpdateInstanceInformation PutParameter SendCommand StartSession PutInventory PutComplianceItems "
     "UpdateInstanceAssociationStatus DeleteParameter TerminateSession CreateAssociation"),
    ("iam", 6, "1.10",
     "GetRole ListAttachedRolePolicies ListRolePolicies GetUser ListRoles GetPolicy GetPolicyVersion ListUsers "
     "GetInstanceProfile ListAccessKeys GetAccountSummary ListPolicies GetAccountAuthorizationDetails "
     "GetAccessKeyLastUsed ListGroupsForUser GenerateCredentialReport",
     "CreateRole AttachRolePolicy PutRolePolicy DetachRolePolicy DeleteRole CreatePolicyVersion PassRole "
     "CreateServiceLinkedRole CreateUser CreateAccessKey AttachUserPolicy UpdateAssumeRolePolicy "
     "CreateLoginProfile DeleteAccessKey AddUserToGroup DeleteUser DeactivateMFADevice"),
    ("logs", 7, "1.09",
     "DescribeLogGroups DescribeLogStreams FilterLogEvents GetQueryResults DescribeMetricFilters",
     "CreateLogStream StartQuery CreateLogGroup PutRetentionPolicy DeleteLogStream PutSubscriptionFilter "
     "DeleteLogGroup PutMetricFilter"),
    ("secretsmanager", 5, "1.08",
     "GetSecretValue DescribeSecret ListSecrets GetResourcePolicy ListSecretVersionIds BatchGetSecretValue",
     "PutSecretValue RotateSecret CreateSecret UpdateSecret UpdateSecretVersionStage DeleteSecret TagResource"),
    ("monitoring", 4, "1.08",
     "DescribeAlarms ListMetrics GetDashboard DescribeAlarmsForMetric DescribeAlarmHistory",
     "PutMetricAlarm SetAlarmState DeleteAlarms PutDashboard TagResource"),
    ("lambda", 5, "1.08",
     "GetFunction20150331v2 ListFunctions20150331 GetFunctionConfiguration20150331v2 ListTags20170331 "
     "GetPolicy20150331v2 ListEventSourceMappings20150331 ListVersionsByFunction20150331",
     "UpdateFunctionCode20150331v2 UpdateFunctionConfiguration20150331v2 PublishVersion20150331 "
     "TagResource20170331v2 CreateFunction20150331 AddPermission20150331v2 DeleteFunction20150331"),
    ("ecs", 4, "1.08",
     "DescribeTasks DescribeServices ListTasks DescribeTaskDefinition DescribeClusters "
     "DescribeContainerInstances",
     "RunTask SubmitTaskStateChange UpdateService RegisterTaskDefinition StopTask DeregisterTaskDefinition "
     "SubmitContainerStateChange CreateService"),
    ("ecr", 4, "1.08",
     "GetAuthorizationToken BatchGetImage GetDownloadUrlForLayer BatchCheckLayerAvailability "
     "DescribeRepositories DescribeImages ListImages",
     "PutImage InitiateLayerUpload CompleteLayerUpload UploadLayerPart BatchDeleteImage CreateRepository"),
    ("eks", 3, "1.08",
     "DescribeCluster ListClusters ListNodegroups DescribeNodegroup DescribeAddon",
     "UpdateNodegroupConfig CreateAccessEntry UpdateClusterVersion AssociateAccessPolicy"),
    ("rds", 3, "1.11",
     "DescribeDBInstances DescribeDBClusters DescribeDBSnapshots DescribeEvents ListTagsForResource "
     "DescribeDBSubnetGroups DescribeOrderableDBInstanceOptions",
     "CreateDBSnapshot DeleteDBSnapshot ModifyDBInstance AddTagsToResource CreateDBClusterSnapshot "
     "StartDBInstance StopDBInstance ModifyDBSnapshotAttribute DeleteDBInstance"),
    ("dynamodb", 3, "1.11",
     "DescribeTable ListTables DescribeContinuousBackups DescribeTimeToLive ListTagsOfResource",
     "UpdateTable CreateBackup CreateTable TagResource UpdateTimeToLive DeleteTable"),
    ("elasticloadbalancing", 3, "1.08",
     "DescribeTargetHealth DescribeLoadBalancers DescribeTargetGroups DescribeListeners DescribeRules "
     "DescribeTags",
     "RegisterTargets DeregisterTargets ModifyTargetGroup CreateTargetGroup ModifyRule CreateLoadBalancer"),
    ("autoscaling", 3, "1.08",
     "DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeScalingActivities "
     "DescribeLaunchConfigurations",
     "CompleteLifecycleAction UpdateAutoScalingGroup SetDesiredCapacity TerminateInstanceInAutoScalingGroup "
     "CreateOrUpdateTags CreateAutoScalingGroup"),
    ("cloudformation", 3, "1.08",
     "DescribeStacks DescribeStackEvents ListStackResources GetTemplate DescribeStackResources ListStacks",
     "CreateChangeSet ExecuteChangeSet UpdateStack CreateStack DeleteStack DeleteChangeSet"),
    ("config", 3, "1.08",
     "DescribeConfigRules BatchGetResourceConfig DescribeConfigurationRecorders SelectResourceConfig "
     "DescribeComplianceByConfigRule",
     "PutEvaluations PutConfigRule StartConfigRulesEvaluation StopConfigurationRecorder DeleteConfigRule"),
    ("cloudtrail", 2, "1.11",
     "LookupEvents DescribeTrails GetTrailStatus GetEventSelectors ListTrails GetInsightSelectors",
     "UpdateTrail PutEventSelectors StopLogging AddTags"),
    ("sqs", 2, "1.09",
     "GetQueueAttributes ListQueues GetQueueUrl ListQueueTags",
     "SetQueueAttributes CreateQueue TagQueue PurgeQueue DeleteQueue"),
    ("sns", 2, "1.08",
     "GetTopicAttributes ListTopics ListSubscriptionsByTopic ListTagsForResource",
     "Subscribe CreateTopic SetTopicAttributes Unsubscribe DeleteTopic"),
    ("states", 2, "1.08",
     "DescribeExecution ListExecutions DescribeStateMachine ListStateMachines",
     "StartExecution UpdateStateMachine StopExecution CreateStateMachine"),
    ("events", 2, "1.08",
     "DescribeRule ListRules ListTargetsByRule ListRuleNamesByTarget",
     "PutRule PutTargets EnableRule DisableRule RemoveTargets"),
    ("glue", 2, "1.09",
     "GetTable GetPartitions GetJobRun GetDatabases GetCrawler",
     "StartJobRun BatchCreatePartition UpdateTable StartCrawler CreateTable CreateDevEndpoint"),
    ("athena", 2, "1.08",
     "GetQueryExecution GetWorkGroup ListQueryExecutions BatchGetQueryExecution",
     "StartQueryExecution StopQueryExecution CreateNamedQuery"),
    ("route53", 2, "1.08",
     "ListResourceRecordSets GetHostedZone ListHostedZones GetChange ListHostedZonesByName",
     "ChangeResourceRecordSets CreateHostedZone ChangeTagsForResource"),
    ("cloudfront", 1, "1.08",
     "GetDistribution2020_05_31 ListDistributions2020_05_31 GetInvalidation2020_05_31",
     "CreateInvalidation2020_05_31 UpdateDistribution2020_05_31"),
    ("organizations", 1, "1.08",
     "DescribeOrganization ListAccounts DescribeAccount ListPoliciesForTarget ListRoots",
     "CreateAccount MoveAccount AttachPolicy"),
    ("guardduty", 1, "1.08",
     "ListFindings GetFindings ListDetectors GetDetector",
     "ArchiveFindings UpdateDetector CreateFilter"),
    ("acm", 1, "1.08",
     "ListCertificates DescribeCertificate ListTagsForCertificate",
     "RequestCertificate DeleteCertificate RenewCertificate"),
    ("tagging", 2, "1.08",
     "GetResources GetTagKeys GetTagValues",
     "TagResources UntagResources"),
    ("health", 1, "1.08",
     "DescribeEventAggregates DescribeEvents DescribeEventDetails",
     ""),
    ("backup", 1, "1.08",
     "ListBackupJobs DescribeBackupJob ListRecoveryPointsByBackupVault",
     "StartBackupJob DeleteRecoveryPoint CreateBackupPlan"),
    ("codebuild", 1, "1.08",
     "BatchGetBuilds ListBuildsForProject BatchGetProjects",
     "StartBuild UpdateProject StopBuild CreateProject"),
)  # fmt: skip
"""Management calls."""

DATA: tuple[Row, ...] = (
    ("s3", 10, "1.11",
     "GetObject HeadObject ListObjects",
     "PutObject DeleteObject CompleteMultipartUpload"),
    ("lambda", 6, "1.08",
     "",
     "Invoke"),
    ("dynamodb", 5, "1.11",
     "GetItem Query BatchGetItem",
     "PutItem UpdateItem DeleteItem"),
)  # fmt: skip
"""Data events."""

SERVICE_EVENTS: tuple[Row, ...] = (
    ("secretsmanager", 2, "1.08",
     "",
     "SecretVersionDeletion StartSecretVersionDelete EndSecretVersionDelete"),
    ("kms", 1, "1.08",
     "",
     "RotateKey DeleteKey"),
    ("ec2", 1, "1.08",
     "",
     "SharedSnapshotVolumeCreated BidEvictedEvent"),
)  # fmt: skip
"""What services do by themselves."""

SIGN_INS: tuple[Row, ...] = (
    ("signin", 1, "1.08",
     "",
     "ConsoleLogin CheckMfa"),
)  # fmt: skip
"""Sign-ins to the console."""

GLOBAL = frozenset({"iam", "route53", "cloudfront", "organizations"})
"""Services whose records are written in us-east-1 only."""

API_VERSIONS = {"logs": "20140328", "cloudfront": "2020_05_31", "dynamodb": "2012-08-10", "monitoring": "2010-08-01"}
"""The `apiVersion` of the services that give one."""
