import type { Encryption } from '../../../metadata/repositories.ts';
import { Fault } from '../../../model/fault.ts';
import type { Registry } from '../../../model/registry.ts';
import { createRepository } from '../../../registry/repository/create-repository.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation, Parsed } from '../../operation.ts';
import { describeRepository } from '../../repository-output.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { CreateRepositoryRequest } from '../../shapes/repository.ts';
import { filtersOf } from './tag-mutability-input.ts';

export const CreateRepository = (ports: Pick<EcrPorts, 'metadata' | 'clock'>): Operation<'CreateRepository'> => ({
  input: CreateRepositoryRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const repository = await createRepository(ports, path, {
      tagMutability: { mode: input.imageTagMutability ?? 'MUTABLE', exclusionFilters: filtersOf(input) },
      scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
      encryption: encryptionOf(input, path.registry),
      tags: (input.tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })),
    });
    return { repository: describeRepository(repository, call) };
  },
});

/** A key given by id or alias is shown as an ARN, as ECR does (fidelity facts, section 4.2). */
function encryptionOf(input: Parsed<'CreateRepository'>, registry: Registry): Encryption {
  const { encryptionType: type = 'AES256', kmsKey } = input.encryptionConfiguration ?? {};
  if (type === 'AES256') {
    if (kmsKey !== undefined) {
      throw new Fault('InvalidParameter', {
        parameter: 'encryptionConfiguration.kmsKey',
        constraint: "Cannot be used with the encryption type 'AES256'",
      });
    }
    return { type, kmsKey: undefined };
  }
  const key = kmsKey ?? 'alias/aws/ecr';
  if (key.startsWith('arn:')) return { type, kmsKey: key };
  const resource = key.startsWith('alias/') ? key : `key/${key}`;
  return { type, kmsKey: `arn:aws:kms:${registry.region}:${registry.id}:${resource}` };
}
