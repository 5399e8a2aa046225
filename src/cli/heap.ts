import { setFlagsFromString } from 'node:v8';

/**
 * Lets the young part of the heap grow as V8 would by itself, which spends memory to collect less often: for a server that has
 * outgrown one machine. The program begins with a small one (docs/adr/0018).
 */
export function letHeapGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
