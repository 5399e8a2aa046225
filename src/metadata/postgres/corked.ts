import type { ClientBase } from 'pg';

interface Corked {
  cork(): void;
  uncork(): void;
}

/** Holds back what is sent on the connection, for it to leave in one piece: each piece is a system call, and wakes the server. */
export function cork(client: ClientBase): void {
  streamOf(client).cork();
}

/** Undoes one `cork`. */
export function uncork(client: ClientBase): void {
  streamOf(client).uncork();
}

/** Lets what is sent from here to the end of this task leave in one piece. */
export function sendTogether(client: ClientBase): void {
  cork(client);
  process.nextTick(() => uncork(client));
}

function streamOf(client: ClientBase): Corked {
  return (client as unknown as { readonly connection: { readonly stream: Corked } }).connection.stream;
}
