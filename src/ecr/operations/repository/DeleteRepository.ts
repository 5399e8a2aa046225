import { deleteRepository } from '../../../registry/repository/delete-repository.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { summarizeRepository } from '../../repository-output.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { DeleteRepositoryRequest } from '../../shapes/repository.ts';

export const DeleteRepository = (
  ports: Pick<EcrPorts, 'metadata' | 'clock' | 'retention'>,
): Operation<'DeleteRepository'> => ({
  input: DeleteRepositoryRequest,
  resource: arnOf,
  run: async (input, call) => {
    const repository = await deleteRepository(ports, pathOf(input, call), { force: input.force ?? false });
    return { repository: summarizeRepository(repository, call) };
  },
});
