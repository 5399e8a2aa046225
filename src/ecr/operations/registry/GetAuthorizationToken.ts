import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { registryOrigin } from '../../registry-origin.ts';
import { registryOf } from '../../repository-path.ts';
import { GetAuthorizationTokenRequest } from '../../shapes/authorization.ts';

/** One token for each registry asked for, in that order; without any, one for the caller's own. */
export const GetAuthorizationToken = ({ tokens }: Pick<EcrPorts, 'tokens'>): Operation<'GetAuthorizationToken'> => ({
  input: GetAuthorizationTokenRequest,
  resource: () => '*',
  run: async (input, call) => ({
    authorizationData: (input.registryIds ?? [call.registry.id]).map((registryId) => {
      const registry = registryOf({ registryId }, call);
      const { password, expiresAt } = tokens.issue({ registry, principal: call.principal });
      return {
        authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'),
        expiresAt: new Date(expiresAt),
        proxyEndpoint: registryOrigin(registry, call),
      };
    }),
  }),
});
