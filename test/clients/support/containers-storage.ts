import { writeFile } from 'node:fs/promises';
import type { Setup } from './setup.ts';

/**
 * Gives podman and buildah a storage of their own, of plain folders: nothing is mounted, and no image or setting of the
 * machine is seen or left behind.
 */
export async function writeStorageConfig({ folder }: Pick<Setup, 'folder'>): Promise<void> {
  const [storage, run] = [`${folder.path}/containers/storage`, `${folder.path}/containers/run`];
  await writeFile(
    `${folder.path}/storage.conf`,
    `[storage]\ndriver = "vfs"\ngraphroot = "${storage}"\nrunroot = "${run}"\n`,
  );
  await writeFile(
    `${folder.path}/containers.conf`,
    `[engine]\ntmp_dir = "${run}/libpod"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n`,
  );
}

/** What makes podman and buildah use it. */
export function storageEnv({ folder }: Pick<Setup, 'folder'>): Readonly<Record<string, string>> {
  return {
    CONTAINERS_STORAGE_CONF: `${folder.path}/storage.conf`,
    CONTAINERS_CONF: `${folder.path}/containers.conf`,
  };
}
