from sbtutorial.http.request import Request


def test_path_is_decoded_and_has_no_outer_slashes():
    assert Request("GET", "/a%2Fb-_.c/?x=1", {}).path == "a/b-_.c"
    assert Request("GET", "/a/b", {}).path == "a/b"
    assert Request("GET", "/", {}).path == ""


def test_query_has_lower_case_names_and_decoded_values():
    request = Request("GET", "/$Resources/queues?$skip=0&$Top=100&API-version=2024-05&e=", {})
    assert request.query == {"$skip": "0", "$top": "100", "api-version": "2024-05", "e": ""}
    assert Request("GET", "/q", {}).query == {}


def test_query_may_be_percent_encoded():
    assert Request("GET", "/q?%24skip=3", {}).query == {"$skip": "3"}
