import type { Millis } from '@infermesh/kernel'

/** An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`, RFC 9110 §5.6.7) for a Unix time; the part under a second is cut. */
export function formatHttpDate(at: Millis): string {
  const second = Math.floor(at / 1000)
  const day = Math.floor(second / 86400)
  const { year, month, date } = civilDate(day)
  const weekday = WEEKDAYS[(((day + 4) % 7) + 7) % 7]
  const clock = [Math.floor(second / 3600) % 24, Math.floor(second / 60) % 60, second % 60].map(twoDigits).join(':')
  return `${weekday}, ${twoDigits(date)} ${MONTHS[month - 1]} ${String(year).padStart(4, '0')} ${clock} GMT`
}

/** Unix time of an HTTP date from 1970 on, or `undefined` for text in another form or with a date that does not exist. */
export function parseHttpDate(text: string): Millis | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const [, , date, month, year, hour, minute, second] = match
  const days = dayNumber({ year: Number(year), month: MONTHS.indexOf(month ?? '') + 1, date: Number(date) })
  const at = (days * 86400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000
  return formatHttpDate(at) === text ? at : undefined
}

interface CivilDate {
  readonly year: number
  readonly month: number
  readonly date: number
}

/** Days since 1970-01-01 in the Gregorian calendar. A year is counted from March, so that leap days come last. */
function dayNumber({ year, month, date }: CivilDate): number {
  const shifted = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + date - 1
  return shifted * 365 + Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400) + dayOfYear - EPOCH_FROM_MARCH_0
}

function civilDate(day: number): CivilDate {
  const fromMarch0 = day + EPOCH_FROM_MARCH_0
  const era = Math.floor(fromMarch0 / 146097)
  const dayOfEra = fromMarch0 - era * 146097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const date = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, date }
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_FROM_MARCH_0 = 719468
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const FORM = /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/
