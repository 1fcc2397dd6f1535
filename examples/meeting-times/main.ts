/** When is that meeting, where my friends live? Daylight saving is Temporal's problem, not ours. */
interface LocalTime {
  zone: string;
  local: string;
  offset: string;
  polite: boolean;
}

export default function meetingTimes(
  start: string,
  zone: string,
  friends: string[],
): LocalTime[] {
  const meeting = Temporal.PlainDateTime.from(start).toZonedDateTime(zone);
  return friends.map((friend) => {
    const there = meeting.withTimeZone(friend);
    return {
      zone: friend,
      local: new Intl.DateTimeFormat("en-GB", {
        weekday: "short",
        day: "numeric",
        month: "short",
        hour: "2-digit",
        minute: "2-digit",
        timeZone: friend,
      }).format(there.epochMilliseconds),
      offset: there.offset,
      polite: there.hour >= 8 && there.hour < 20,
    };
  });
}
