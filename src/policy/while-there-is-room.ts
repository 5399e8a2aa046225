import type { Room } from '../model/room.ts';
import type { Action, Authorizer } from './authorizer.ts';

/**
 * What stores something new. An upload in progress is not among them: its bytes are refused where they arrive, for it must
 * be possible to give it up.
 */
const STORING: ReadonlySet<Action> = new Set([
  'ecr:CreateRepository',
  'ecr:InitiateLayerUpload',
  'ecr:CompleteLayerUpload',
  'ecr:PutImage',
]);

/**
 * Refuses what stores something new while the disk is full, so that the space which is left stays for deletion and
 * collection, on either protocol.
 *
 * Its `authorize` throws Fault `StorageFull` beside what `authorizer` throws.
 */
export function whileThereIsRoom(authorizer: Authorizer, room: Pick<Room, 'admit'>): Authorizer {
  return {
    authorize: async (principal, action, resource) => {
      await authorizer.authorize(principal, action, resource);
      if (STORING.has(action)) await room.admit();
    },
  };
}
