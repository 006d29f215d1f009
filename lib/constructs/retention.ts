import { RemovalPolicy } from 'aws-cdk-lib';
import type { CarelakeConfig } from '../../config';

/**
 * What happens to a data store when its stack goes. Kept by default; a first deployment that fails half-way still cleans up
 * after itself, since nothing can be in it yet. Only an environment that allows removal deletes.
 */
export const dataRemoval = (config: CarelakeConfig): RemovalPolicy =>
  config.allowRemoval ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
