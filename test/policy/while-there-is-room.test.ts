import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { type Action, allowEverything } from '../../src/policy/authorizer.ts';
import { whileThereIsRoom } from '../../src/policy/while-there-is-room.ts';

const PRINCIPAL = { arn: 'arn:aws:iam::123456789012:root', accountId: '123456789012' };
const full = {
  admit: async () => {
    throw new Fault('StorageFull', {});
  },
};

async function outcome(action: Action, authorizer = allowEverything): Promise<string> {
  try {
    await whileThereIsRoom(authorizer, full).authorize(PRINCIPAL, action, '*');
    return 'allowed';
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

test.each(['ecr:CreateRepository', 'ecr:InitiateLayerUpload', 'ecr:CompleteLayerUpload', 'ecr:PutImage'] as const)(
  '%s is refused on a full disk',
  async (action) => {
    expect(await outcome(action)).toBe('StorageFull');
  },
);

test.each([
  'ecr:BatchDeleteImage',
  'ecr:DeleteRepository',
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
  'ecr:UploadLayerPart',
] as const)('%s goes on on a full disk', async (action) => {
  expect(await outcome(action)).toBe('allowed');
});

test('Who may not do it anyway hears that first', async () => {
  const denied = new Fault('AccessDenied', { principal: 'p', action: 'a', resource: 'r', because: 'b' });
  const refuse = {
    authorize: async () => {
      throw denied;
    },
  };
  expect(await outcome('ecr:PutImage', refuse)).toBe('AccessDenied');
});
