using System.Diagnostics;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.AccessLog;

namespace LoadBalancer.Layer7.Tests.AccessLog;

public sealed class AccessLogValidatorTests : IDisposable
{
    private readonly LogDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_path_is_relative_to_the_configuration_file()
    {
        var options = With("logs/a.log");

        AccessLogValidator.ResolvePaths(options, "/etc/balancer");

        Assert.Equal(Path.GetFullPath("/etc/balancer/logs/a.log"), options.Layer7.AccessLog!.File);
    }

    [Fact]
    public void A_file_that_can_be_written_is_left_as_it_is()
    {
        File.WriteAllText(_directory.PathOf("a.log"), "of old");

        Assert.Empty(AccessLogValidator.Validate(With(_directory.PathOf("a.log"))));
        Assert.Empty(AccessLogValidator.Validate(With(_directory.PathOf("new.log"))));

        Assert.Equal("of old", File.ReadAllText(_directory.PathOf("a.log")));
        Assert.Equal([_directory.PathOf("a.log")], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Without_a_file_there_is_nothing_to_check()
    {
        Assert.Empty(AccessLogValidator.Validate(new()));
        Assert.Empty(AccessLogValidator.Validate(With(null)));
    }

    [Theory]
    [InlineData("missing/a.log", "its folder does not exist")]
    [InlineData(".", "is a folder; must be a file")]
    [InlineData("a\0b", "is not a path")]
    [InlineData("file/a.log", "its folder does not exist")]
    public void A_file_that_cannot_be_written_is_named_with_its_key(string path, string expected)
    {
        File.WriteAllText(_directory.PathOf("file"), "");
        var options = With(path);
        AccessLogValidator.ResolvePaths(options, _directory.Path);

        var error = Assert.Single(AccessLogValidator.Validate(options));

        Assert.Equal("LoadBalancer:Layer7:AccessLog:File", error.Key);
        Assert.Contains(expected, error.Message);
        Assert.Contains(options.Layer7.AccessLog!.File!, error.Message);
    }

    [Fact]
    public void A_pipe_is_no_file_and_does_not_hold_up_the_check()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a named pipe");
        var pipe = _directory.PathOf("pipe");
        using (var make = Process.Start("mkfifo", pipe))
        {
            make.WaitForExit();
        }

        var error = Assert.Single(AccessLogValidator.Validate(With(pipe)));

        Assert.Contains("is a pipe or a device", error.Message);
    }

    private static LoadBalancerOptions With(string? file) => new() { Layer7 = new() { AccessLog = new() { File = file } } };
}
