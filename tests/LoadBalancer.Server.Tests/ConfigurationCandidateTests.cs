using LoadBalancer.Server.Configuration;

namespace LoadBalancer.Server.Tests;

public sealed class ConfigurationCandidateTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_missing_file_is_named()
    {
        var candidate = ConfigurationCandidate.Read("/no/such/balancer.json");

        Assert.Contains("/no/such/balancer.json", Assert.Single(candidate.Errors));
        Assert.Null(candidate.Options);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("{\n  \"LoadBalancer\": {\n    oops\n  }\n}", "line 3, position 5: not JSON")]
    [InlineData("[]", "Top-level JSON element must be an object")]
    public void A_malformed_file_is_one_line_that_says_where(string text, string expected)
    {
        File.WriteAllText(_path, text);

        var error = Assert.Single(ConfigurationCandidate.Read(_path).Errors);

        Assert.StartsWith(_path, error);
        Assert.Contains(expected, error);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        File.WriteAllText(_path, "{ // the edge\n \"LoadBalancer\": { \"Name\": \"edge\", } }");

        Assert.Equal("edge", ConfigurationCandidate.Read(_path).Options!.Name);
    }

    [Fact]
    public void The_file_of_the_access_log_is_beside_the_configuration_file_and_one_that_cannot_be_written_is_an_error()
    {
        File.WriteAllText(_path, """{ "LoadBalancer": { "Layer7": { "AccessLog": { "File": "access.log" } } } }""");
        Assert.Equal(Path.Combine(Path.GetDirectoryName(_path)!, "access.log"), ConfigurationCandidate.Read(_path).Options!.Layer7.AccessLog!.File);

        File.WriteAllText(_path, """{ "LoadBalancer": { "Layer7": { "AccessLog": { "File": "no-such-folder/access.log" } } } }""");
        var error = Assert.Single(ConfigurationCandidate.Read(_path).Errors);
        Assert.StartsWith($"{_path}: LoadBalancer:Layer7:AccessLog:File: '", error);
        Assert.EndsWith("no-such-folder/access.log' cannot be written: its folder does not exist", error);
    }

    [Fact]
    public void Faults_of_keys_ranges_and_route_templates_come_in_one_run()
    {
        File.WriteAllText(_path, """
            {
              "Loadbalance": {},
              "LoadBalancer": {
                "Pools": { "web": { "Policy": "Fastest" } },
                "Layer7": { "Routes": { "all": { "Path": "/{**x}/y", "Pool": "web" } } }
              }
            }
            """);

        var errors = ConfigurationCandidate.Read(_path).Errors;

        Assert.Contains(errors, error => error.Contains("Loadbalance: unknown key"));
        Assert.Contains(errors, error => error.Contains("LoadBalancer:Pools:web:Policy: 'Fastest'"));
        Assert.Contains(errors, error => error.Contains("LoadBalancer:Layer7:Routes:all:Path: '/{**x}/y'"));
    }
}
