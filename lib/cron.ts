const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How many seconds lie between two runs of a schedule in the words of cron, for those that repeat within a day; a day
 * for all others.
 */
export function secondsBetween(schedule: string): number {
  const [minute, hour, ...days] = schedule.split(" ");
  if (days.some((part) => part !== "*")) return DAY;
  const step = (part: string) => Number(/^\*(?:\/(\d+))?$/.exec(part)?.[1] ?? (part === "*" ? 1 : NaN));
  if (hour === "*" && step(minute)) return step(minute) * MINUTE;
  if (/^\d+$/.test(minute) && step(hour)) return step(hour) * HOUR;
  return DAY;
}
