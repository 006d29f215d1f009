import { Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { encryptedLogGroup } from '../constructs/log-group';
import { allow, roleWith } from '../constructs/grants';
import { BaseStack, type BaseProps } from './base';
import type { KeysStack } from './keys';

/** Isolated subnets for the warehouse's network interfaces: no internet gateway, no NAT, a free gateway to S3. */
export class NetworkStack extends BaseStack {
  readonly vpc: ec2.Vpc;
  readonly warehouseGroup: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, props: BaseProps & { keys: KeysStack }) {
    const { config } = props;
    super(scope, id, 'isolated subnets of the warehouse', config, true);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr('10.40.0.0/18'),
      // By position, so that synthesis needs neither an account nor a lookup.
      availabilityZones: Array.from({ length: config.network.azs }, (_, i) => Fn.select(i, Fn.getAzs())),
      subnetConfiguration: [{ name: 'Warehouse', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 22 }],
      natGateways: 0,
      createInternetGateway: false,
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
      // Closing the default group takes a custom resource; nothing here joins that group.
      restrictDefaultSecurityGroup: false,
    });
    config.network.zones?.forEach((zone, i) => placeIn(this.vpc.isolatedSubnets[i]!, zone));
    this.warehouseGroup = new ec2.SecurityGroup(this, 'WarehouseGroup', {
      vpc: this.vpc,
      description: 'Redshift workgroup: nobody connects by socket, everybody comes by the Data API',
      allowAllOutbound: false,
    });
    if (config.network.flowLogs) this.addFlowLog(props);
  }

  private addFlowLog({ config, keys }: BaseProps & { keys: KeysStack }): void {
    const group = encryptedLogGroup(this, 'FlowLogGroup', { config, key: keys.use(this, 'platform') });
    const role = roleWith(this, 'FlowLogRole', {
      assumedBy: new iam.ServicePrincipal('vpc-flow-logs.amazonaws.com'),
      description: 'Writes the flow log of the Carelake network',
      statements: [
        allow(
          ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
          [group.logGroupArn, `${group.logGroupArn}:*`],
        ),
      ],
    });
    new ec2.CfnFlowLog(this, 'FlowLog', {
      resourceId: this.vpc.vpcId,
      resourceType: 'VPC',
      trafficType: 'ALL',
      logDestinationType: 'cloud-watch-logs',
      logGroupName: group.logGroupName,
      deliverLogsPermissionArn: role.roleArn,
    });
  }
}

/** Puts a subnet into a zone by its id, which is the same zone in every account; the library knows names only. */
function placeIn(subnet: ec2.ISubnet, zoneId: string): void {
  const resource = subnet.node.defaultChild as ec2.CfnSubnet;
  resource.addPropertyDeletionOverride('AvailabilityZone');
  resource.addPropertyOverride('AvailabilityZoneId', zoneId);
}
