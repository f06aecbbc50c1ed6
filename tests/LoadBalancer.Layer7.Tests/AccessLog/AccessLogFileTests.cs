using System.Diagnostics;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.AccessLog;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tests.AccessLog;

public sealed class AccessLogFileTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly LogRecorder _logs = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Every_line_that_was_taken_is_in_the_file_when_it_is_closed()
    {
        var file = Open(new() { File = _directory.PathOf("a.log") });
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(file.TryWrite(Entries.Some($"/{i}")));
        }

        await file.DisposeAsync();

        var lines = _directory.ReadLines("a.log");
        Assert.Equal(Enumerable.Range(0, 10_000), lines.Select(line => int.Parse(line.Split(' ')[6][1..])));
        Assert.Equal(new(_directory.PathOf("a.log"), 10_000, 0), file.GetStatistics());
        Assert.False(file.TryWrite(Entries.Some()));
    }

    [Fact]
    public async Task A_line_can_be_read_at_once()
    {
        await using var file = Open(new() { File = _directory.PathOf("a.log") });
        file.TryWrite(Entries.Some());
        await TestBalancer.WaitUntilAsync(() => _directory.ReadLines("a.log").Length == 1);

        file.TryWrite(Entries.Some());
        await TestBalancer.WaitUntilAsync(() => _directory.ReadLines("a.log").Length == 2);
    }

    [Fact]
    public async Task A_file_that_exists_is_added_to()
    {
        await File.WriteAllTextAsync(_directory.PathOf("a.log"), "of old\n", TestContext.Current.CancellationToken);
        var file = Open(new() { File = _directory.PathOf("a.log"), Format = AccessLogFormat.W3C });
        file.TryWrite(Entries.Some());
        await file.DisposeAsync();

        var lines = _directory.ReadLines("a.log");
        Assert.Equal("of old", lines[0]);
        Assert.Equal("#Version: 1.0", lines[1]);
        Assert.StartsWith("2026-01-02 ", lines[^1]);
    }

    [Theory]
    [InlineData(AccessLogFormat.Combined, 0)]
    [InlineData(AccessLogFormat.Combined, 2)]
    [InlineData(AccessLogFormat.W3C, 2)]
    public async Task A_full_file_becomes_the_first_of_those_that_are_kept(AccessLogFormat format, int kept)
    {
        const int MaxSize = 20_000;
        // Of a time when more were kept.
        await File.WriteAllTextAsync(_directory.PathOf("a.log.3"), "of old\n", TestContext.Current.CancellationToken);
        var file = Open(new() { File = _directory.PathOf("a.log"), Format = format, MaxFileSize = MaxSize, KeptFiles = kept });
        for (var i = 0; i < 1_000; i++)
        {
            file.TryWrite(Entries.Some($"/{i:000}"));
            if (i % 20 == 0)
            {
                // Now and then, lest all of it be one batch.
                await TestBalancer.WaitUntilAsync(() => file.GetStatistics().Written == i + 1);
            }
        }

        await file.DisposeAsync();

        string[] expected = ["a.log", .. Enumerable.Range(1, kept).Select(number => $"a.log.{number}")];
        Assert.Equal(expected, Directory.GetFiles(_directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var newestFirst = expected.Select(name => _directory.ReadLines(name)).ToArray();
        Assert.All(expected, name => Assert.InRange(new FileInfo(_directory.PathOf(name)).Length, 1, MaxSize));
        Assert.All(newestFirst, lines => Assert.Equal(format == AccessLogFormat.W3C, lines[0] == "#Version: 1.0"));
        // Without a gap, up to the last.
        var targets = newestFirst.Reverse().SelectMany(lines => lines).Where(line => line[0] != '#').Select(line => int.Parse(line.Split('/', ' ').First(part => part is [>= '0' and <= '9', _, _] && part is not "200"))).ToArray();
        Assert.Equal(999, targets[^1]);
        Assert.Equal(Enumerable.Range(targets[0], targets.Length), targets);
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_loses_lines_and_tells_but_holds_nobody_up()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        var file = Open(new() { File = "/dev/full" });
        for (var i = 0; i < 100; i++)
        {
            Assert.True(file.TryWrite(Entries.Some()));
        }

        await file.DisposeAsync();

        Assert.Equal(new("/dev/full", 0, 100), file.GetStatistics());
        Assert.Single(_logs.Lines, line => line.StartsWith("Error: LoadBalancer:Layer7:AccessLog:File: '/dev/full' cannot be written: ", StringComparison.Ordinal));
        Assert.Contains(_logs.Lines, line => line.StartsWith("Warning: LoadBalancer:Layer7:AccessLog:File: ", StringComparison.Ordinal) && line.Contains("are lost"));
    }

    [Fact]
    public async Task A_disk_that_hangs_holds_nobody_up_and_what_finds_no_room_is_counted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a named pipe");
        // Opening a pipe that nobody reads hangs as a dead disk does.
        var pipe = _directory.PathOf("pipe");
        using (var make = Process.Start("mkfifo", pipe))
        {
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var file = Open(new() { File = pipe });
        var taken = 0;
        for (var i = 0; i < 50_000; i++)
        {
            if (file.TryWrite(Entries.Some()))
            {
                taken++;
            }
            else
            {
                file.RecordLost();
            }
        }

        Assert.InRange(taken, 10_000, 40_000);
        Assert.Equal(new(pipe, 0, 50_000 - taken), file.GetStatistics());

        // It cannot be written to either, but the writer must come free of it.
        using var reader = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite);
        await file.DisposeAsync();
    }

    [Fact]
    public async Task A_folder_that_comes_back_is_written_to_again()
    {
        var folder = Directory.CreateDirectory(_directory.PathOf("folder"));
        var path = Path.Combine(folder.FullName, "a.log");
        await using var file = Open(new() { File = path });
        folder.Delete();
        file.TryWrite(Entries.Some());
        await TestBalancer.WaitUntilAsync(() => file.GetStatistics().Lost == 1);

        folder.Create();
        await TestBalancer.WaitUntilAsync(() =>
        {
            file.TryWrite(Entries.Some());
            return file.GetStatistics().Written > 0;
        });
        Assert.StartsWith("192.0.2.7 ", (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken))[0]);
    }

    [Fact]
    public async Task One_file_after_another_at_the_same_path_does_not_write_into_its_lines()
    {
        var options = new AccessLogOptions { File = _directory.PathOf("a.log") };
        AccessLogFile? file = null;
        for (var i = 0; i < 20; i++)
        {
            file = new AccessLogFile(options, file, Logger(), TimeProvider.System);
            for (var line = 0; line < 50; line++)
            {
                file.TryWrite(Entries.Some($"/{i}"));
            }
        }

        await file!.DisposeAsync();

        var lines = _directory.ReadLines("a.log");
        Assert.Equal(1_000, lines.Length);
        Assert.All(lines, line => Assert.Matches("^192.0.2.7 - - .* \"curl/8.0\"$", line));
    }

    private AccessLogFile Open(AccessLogOptions options) => new(options, null, Logger(), TimeProvider.System);

    private ILogger Logger() => _logs.CreateLogger("any");
}
