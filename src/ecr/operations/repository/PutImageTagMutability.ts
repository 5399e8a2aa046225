import { namesOf } from '../../../registry/repository/repository-path.ts';
import { putTagMutability } from '../../../registry/repository/tag-mutability.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { describeTagMutability } from '../../repository-output.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { PutImageTagMutabilityRequest } from '../../shapes/repository.ts';
import { filtersOf } from './tag-mutability-input.ts';

export const PutImageTagMutability = (ports: Pick<EcrPorts, 'metadata'>): Operation<'PutImageTagMutability'> => ({
  input: PutImageTagMutabilityRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const { tagMutability } = await putTagMutability(ports, path, {
      mode: input.imageTagMutability,
      exclusionFilters: filtersOf(input),
    });
    return { ...namesOf(path), ...describeTagMutability(tagMutability) };
  },
});
