import { describeCronCalendar } from '../contracts/cron-calendar.contract.ts';
import { PlainCalendar } from './plain-calendar.ts';

describeCronCalendar('the calendar of the tests', new PlainCalendar());
