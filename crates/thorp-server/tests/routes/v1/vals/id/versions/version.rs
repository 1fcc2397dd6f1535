use thorp_testkit::TestTown;

#[test]
fn versions_are_shown_restored_and_deleted() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "public", "export default 0");
    let path = format!("/v1/vals/{id}/versions");
    let _ = town
        .post(&path, town.token(), r#"{"code": "export default 1"}"#)
        .expect(201);
    assert_eq!(
        town.get(&format!("{path}/0"), "").expect(200)["code"],
        "export default 0"
    );
    let restored = town
        .post(&format!("{path}/0/restore"), town.token(), "")
        .expect(201);
    assert_eq!(
        (&restored["version"], &restored["code"]),
        (&2.into(), &"export default 0".into())
    );
    let list = town.get(&path, town.token()).expect(200);
    assert_eq!(list["data"][0]["restoredFrom"], 0);
    assert_eq!(list["data"][0]["message"], "restored from version 0");
    assert_eq!(town.delete(&format!("{path}/1"), town.token()).status, 204);
    assert_eq!(town.get(&format!("{path}/1"), "").status, 404);
    assert_eq!(town.delete(&format!("{path}/2"), town.token()).status, 204);
    assert_eq!(
        town.get(&format!("/v1/vals/{id}"), "").expect(200)["liveVersion"],
        0
    );
    let last = town.delete(&format!("{path}/0"), town.token());
    insta::assert_snapshot!(town.shown(&last), @r#"
    400 {
      "error": {
        "code": "BAD_REQUEST",
        "hint": "delete the val instead",
        "message": "the last version of a val cannot be deleted"
      }
    }
    "#);
    assert_eq!(town.get(&format!("{path}/x"), "").status, 400);
}
