mod vals;
