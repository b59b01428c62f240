import { statfs } from "node:fs/promises";

/** How much room a folder has. */
export interface Room {
  free: number;
  total: number;
}

/** The room on the disk that a folder is on, in bytes, for us; undefined where there is no such folder. */
export async function roomIn(folder: string): Promise<Room | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}
