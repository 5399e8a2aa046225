import type * as sdk from '@aws-sdk/client-ecr';
import { list, structure } from '../../aws/shapes/declare.ts';
import { RegistryId } from './scalars.ts';

export const GetAuthorizationTokenRequest = structure<sdk.GetAuthorizationTokenRequest>({
  registryIds: list(RegistryId, { min: 1, max: 10 }),
});
