/** The next paydays: the last working day of each month, with the days left until then. */
import {
  addMonths,
  differenceInCalendarDays,
  formatISO,
  isBefore,
  isWeekend,
  lastDayOfMonth,
  parseISO,
  subDays,
} from "npm:date-fns@4";

interface Payday {
  date: string;
  daysLeft: number;
}

export default function payday(today: string, count = 3): Payday[] {
  const start = parseISO(today);
  if (Number.isNaN(start.getTime())) {
    throw new RangeError(`"${today}" is not a date`);
  }

  const first = isBefore(lastWorkingDay(start), start) ? addMonths(start, 1) : start;
  return Array.from({ length: count }, (_, month) => {
    const date = lastWorkingDay(addMonths(first, month));
    return {
      date: formatISO(date, { representation: "date" }),
      daysLeft: differenceInCalendarDays(date, start),
    };
  });
}

function lastWorkingDay(inMonth: Date): Date {
  let day = lastDayOfMonth(inMonth);
  while (isWeekend(day)) day = subDays(day, 1);
  return day;
}
