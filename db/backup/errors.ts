/** A backup that cannot be read, or does not say what it should; the message says what is wrong with it. */
export class BackupBroken extends Error {
  override name = "BackupBroken";
}

/** A place that a backup is not put into; the message says why, and what to do. */
export class RestoreRefused extends Error {
  override name = "RestoreRefused";
}
