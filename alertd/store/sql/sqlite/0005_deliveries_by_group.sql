CREATE INDEX deliveries_by_group ON deliveries (group_key, id);
