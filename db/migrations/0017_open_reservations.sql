-- What somebody has ahead is found by itself: what they have had, and what everybody else has, grows with the years.
create index reservations_open_of_requester on reservations (requester_id, end_time)
  where status in ('pending', 'approved', 'checked_in');
